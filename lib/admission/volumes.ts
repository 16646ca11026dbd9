/**
 * Volumes and mounts: which name the certificates' volume has in this pod, and which containers lack the mount.
 *
 * A name is the template's unless the pod has another volume of that name. A volume that stands at the mount path already
 * is taken over when it is what the template describes, so that a half-injected pod is completed; anything else at that
 * path or below it is refused, since no choice of ours could make both work.
 */
import { posix } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { ContainerTemplate, VolumeTemplate } from './config/index.ts';
import {
  certsMountPath,
  tokenAudience,
  tokenExpirationSeconds,
  tokenFile,
  tokenMountPath,
  tokenVolumeName,
} from './contract.ts';
import { mountConflict } from './errors.ts';
import type { Container, Pod } from './pod.ts';
import type { Injected } from './recognize.ts';
import { isRecord } from './review.ts';
import type { JsonObject } from './types.ts';

/** Longest name of a volume (RFC 1123 label). */
const maxNameLength = 63;

/**
 * The name of the certificates' volume in this pod.
 *
 * @param ours  injected containers that are there already
 * @param users the pod's own containers
 */
export function chooseCertsVolume(
  pod: Pod,
  template: VolumeTemplate,
  ours: readonly Injected[],
  users: readonly Container[],
): string {
  const known = ours.map((found) => mountAt(found.container, pathOf(found.template, template.name))?.name).find(isText);
  if (known !== undefined) return known;
  for (const container of users) {
    const mount = mountAt(container, certsMountPath);
    if (mount && isText(mount.name) && isWhole(mount) && couldBeOurs(pod, mount.name, template)) return mount.name;
  }
  return uniqueName(template.name, namesTaken(pod, users));
}

/** The name of the volume that holds our ServiceAccount token. */
export function chooseTokenVolume(
  pod: Pod,
  certsVolume: string,
  ours: readonly Injected[],
  users: readonly Container[],
): string {
  const mounted = namesMounted(users);
  const known = ours.map(({ container }) => mountAt(container, tokenMountPath)?.name).find(isText);
  // Never one that the pod's own containers see: the token is for ours alone
  const left = pod.volumes.find((volume) => hasOurToken(volume) && isText(volume.name) && !mounted.has(volume.name));
  const taken = new Set([...namesTaken(pod, users), certsVolume]);
  if (known !== undefined && !mounted.has(known)) {
    const volume = findVolume(pod, known);
    if (volume ? hasOurToken(volume) : !taken.has(known)) return known;
  }
  if (isText(left?.name)) return left.name;
  return uniqueName(tokenVolumeName, taken);
}

export const findVolume = (pod: Pod, name: string): JsonObject | undefined =>
  pod.volumes.find((volume) => volume.name === name);

/** A volume with one ServiceAccount token of our audience; the kubelet keeps it fresh. */
export const buildTokenVolume = (name: string): JsonObject => ({
  name,
  projected: {
    sources: [
      {
        serviceAccountToken: {
          audience: tokenAudience,
          expirationSeconds: tokenExpirationSeconds,
          path: tokenFile,
        },
      },
    ],
  },
});

/**
 * The containers that have yet to get the mount.
 *
 * @throws {AppError} ERR_MOUNT_CONFLICT (invalid) when something else is mounted there or below
 */
export function findUnmounted(users: readonly Container[], certsVolume: string): Container[] {
  return users.filter((container) => {
    let mounted = false;
    for (const mount of container.mounts) {
      const path = normalize(mount.mountPath);
      if (path !== certsMountPath && !path.startsWith(`${certsMountPath}/`)) continue;
      const [name, shown] = [String(mount.name ?? ''), String(mount.mountPath)];
      if (path !== certsMountPath || name !== certsVolume || !isWhole(mount))
        throw mountConflict(container.name, name, shown);
      mounted = true;
    }
    return !mounted;
  });
}

/** The mount that a container has at a path. */
export const mountAt = (container: Container, path: string): JsonObject | undefined =>
  container.mounts.find((mount) => normalize(mount.mountPath) === path);

/** The whole volume, not a folder in it. */
const isWhole = (mount: JsonObject): boolean => !mount.subPath && !mount.subPathExpr;

/** Where a container template has the certificates' volume. */
function pathOf(container: ContainerTemplate, volume: string): string {
  const mounts = (container.volumeMounts ?? []) as readonly JsonObject[];
  return normalize(mounts.find(({ name }) => name === volume)?.mountPath);
}

const isText = (value: unknown): value is string => typeof value === 'string' && value !== '';

const normalize = (path: unknown): string =>
  typeof path === 'string' && path !== '' ? posix.normalize(path).replace(/(?<=.)\/+$/, '') : '';

function couldBeOurs(pod: Pod, name: string, template: VolumeTemplate): boolean {
  const volume = findVolume(pod, name);
  // The mounts are there and the volume is missing: half of an injection, when it is called as ours would be
  if (!volume) return name === template.name;
  return isDeepStrictEqual({ ...volume, name: template.name }, { ...template });
}

function hasOurToken(volume: JsonObject): boolean {
  const sources = isRecord(volume.projected) ? volume.projected.sources : undefined;
  return (
    Array.isArray(sources) &&
    sources.some(
      (source) =>
        isRecord(source) &&
        isRecord(source.serviceAccountToken) &&
        source.serviceAccountToken.audience === tokenAudience &&
        source.serviceAccountToken.path === tokenFile,
    )
  );
}

/** Names of volumes, and names that are mounted: a volume that we add must not fill another's gap. */
const namesTaken = (pod: Pod, users: readonly Container[]): Set<string> =>
  new Set([...pod.volumes.map(({ name }) => name).filter(isText), ...namesMounted(users)]);

const namesMounted = (users: readonly Container[]): Set<string> =>
  new Set(users.flatMap(({ mounts }) => mounts.map(({ name }) => name).filter(isText)));

function uniqueName(wanted: string, taken: ReadonlySet<string>): string {
  if (!taken.has(wanted)) return wanted;
  const base = (wanted.startsWith('autocert-') ? wanted : `autocert-${wanted}`)
    .slice(0, maxNameLength - 5)
    .replace(/-+$/, '');
  let candidate = base;
  for (let number = 2; taken.has(candidate); number++) candidate = `${base}-${number}`;
  return candidate;
}
