/**
 * Writes a pod's volumes into folders and keeps their ServiceAccount tokens fresh, as the kubelet does. Every folder
 * is the user's alone (0700): what lies in it are keys and tokens.
 */
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Clock } from '../../../lib/time/index.ts';
import type { DataSource } from '../containers/environment.ts';
import type { Pod } from '../manifests/objects.ts';
import { planVolume, type TokenRequest } from './volume-files.ts';

/** Makes a token for a pod that exists. */
export type IssuePodToken = (pod: Pod, request: TokenRequest) => string;

export type VolumeServices = {
  readonly data: DataSource;
  readonly issueToken: IssuePodToken;
  readonly clock: Clock;
  /** Ends the renewal of tokens. */
  readonly signal: AbortSignal;
};

/**
 * Creates every volume of the pod below `podFolder`.
 * @returns the folder of a volume by its name
 * @throws  {AppError} ERR_LOCAL_REFERENCE (not-found), ERR_LOCAL_MANIFEST (invalid)
 */
export function createVolumes(
  source: string,
  pod: Pod,
  podFolder: string,
  services: VolumeServices,
): ReadonlyMap<string, string> {
  const folders = new Map<string, string>();
  for (const volume of pod.spec.volumes ?? []) {
    const folder = join(podFolder, volume.name);
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    folders.set(volume.name, folder);
    for (const file of planVolume(source, pod, volume, services.data)) {
      const path = join(folder, file.path);
      mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
      if ('content' in file) writeFileSync(path, file.content, { mode: 0o600 });
      else void keepToken(path, pod, file.token, services);
    }
  }
  return folders;
}

/** The kubelet asks for a new token after four fifths of the old one's life. */
async function keepToken(path: string, pod: Pod, request: TokenRequest, services: VolumeServices): Promise<void> {
  const { clock, signal, issueToken } = services;
  while (!signal.aborted) {
    const fresh = `${path}.new`;
    writeFileSync(fresh, issueToken(pod, request), { mode: 0o600 });
    renameSync(fresh, path); // a reader sees the old token or the new one
    await clock.sleep(request.expirationSeconds * 800, signal);
  }
}
