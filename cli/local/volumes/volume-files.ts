/**
 * A pod's volumes -> the files in them. Pure: Secrets, ConfigMaps and tokens come through ports, writing is
 * volume-folders.ts's. As the kubelet: `items` picks keys and names files, a missing object or key is an error unless
 * optional, `path` may not leave the volume.
 */
import type { DataSource, KeyValues } from '../containers/environment.ts';
import { readField } from '../containers/field-reference.ts';
import { manifestInvalid, referenceMissing } from '../errors.ts';
import type { Pod, Projection, Volume } from '../manifests/objects.ts';

/** A token that a projected volume asks for. */
export type TokenRequest = { readonly audience: string | undefined; readonly expirationSeconds: number };

export type VolumeFile =
  | { readonly path: string; readonly content: Buffer }
  /** Written anew before it expires. */
  | { readonly path: string; readonly token: TokenRequest };

/** TokenRequest's default and what the kubelet asks for when the manifest does not say. */
const defaultTokenSeconds = 3600;

type Items = readonly { readonly key: string; readonly path: string }[] | undefined;

/** @throws {AppError} ERR_LOCAL_REFERENCE (not-found), ERR_LOCAL_MANIFEST (invalid) */
export function planVolume(source: string, pod: Pod, volume: Volume, data: DataSource): VolumeFile[] {
  const where = `${source}: volume ${volume.name}`;
  const namespace = pod.metadata.namespace ?? '';
  const projections: readonly Projection[] = volume.projected?.sources ?? [
    {
      ...(volume.secret && { secret: { ...volume.secret, name: volume.secret.secretName } }),
      ...(volume.configMap && { configMap: volume.configMap }),
      ...(volume.downwardAPI && { downwardAPI: volume.downwardAPI }),
    },
  ];
  const files = projections.flatMap((projection) => [
    ...(projection.secret
      ? planData(
          where,
          `Secret ${projection.secret.name}`,
          data.secret(namespace, projection.secret.name),
          projection.secret,
        )
      : []),
    ...(projection.configMap
      ? planData(
          where,
          `ConfigMap ${projection.configMap.name}`,
          data.configMap(namespace, projection.configMap.name),
          projection.configMap,
        )
      : []),
    ...planDownward(where, pod, projection),
    ...planToken(projection),
  ]);
  for (const { path } of files) {
    if (path.startsWith('/') || path.split('/').includes('..'))
      throw manifestInvalid(where, `path ${path} leaves the volume`);
  }
  return files;
}

function planData(
  where: string,
  object: string,
  values: KeyValues | undefined,
  { items, optional }: { readonly items?: Items; readonly optional?: boolean | undefined },
): VolumeFile[] {
  if (!values) {
    if (optional) return [];
    throw referenceMissing(where, object);
  }
  if (!items) return [...values].map(([path, content]) => ({ path, content }));
  return items.flatMap(({ key, path }) => {
    const content = values.get(key);
    if (content) return [{ path, content }];
    if (optional) return [];
    throw referenceMissing(where, `key ${key} of ${object}`);
  });
}

function planDownward(where: string, pod: Pod, { downwardAPI }: Projection): VolumeFile[] {
  return (downwardAPI?.items ?? []).map(({ path, fieldRef }) => {
    if (!fieldRef) throw manifestInvalid(`${where}: ${path}`, 'only fieldRef is simulated');
    return { path, content: Buffer.from(readField(pod, fieldRef.fieldPath, where)) };
  });
}

function planToken({ serviceAccountToken }: Projection): VolumeFile[] {
  if (!serviceAccountToken) return [];
  const { path, audience, expirationSeconds = defaultTokenSeconds } = serviceAccountToken;
  return [{ path, token: { audience, expirationSeconds } }];
}
