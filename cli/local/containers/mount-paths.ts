/**
 * Mount paths on a machine without mount namespaces: every mountPath stands for a folder, and where a path below it
 * is written in command, args or env, it is replaced by the folder's. Pure text work on whole path prefixes:
 * `/var/run/app` is found in `--dir=/var/run/app/x` and `file:///var/run/app`, not in `/srv/var/run/app` or
 * `/var/run/apple`.
 *
 * What it cannot reach, and the guide says so: a path compiled into a program or written in a mounted file.
 */
import type { Container } from '../manifests/objects.ts';

export type MountPath = { readonly mountPath: string; readonly folder: string };

/** The mounts of a container, longest path first, so that a mount inside another one wins. */
export function mapMounts(container: Container, folderOf: (volume: string) => string): MountPath[] {
  return (container.volumeMounts ?? [])
    .map(({ name, mountPath, subPath }) => ({
      mountPath: mountPath.replace(/(?<=.)\/+$/, ''),
      folder: subPath ? `${folderOf(name)}/${subPath}` : folderOf(name),
    }))
    .sort((a, b) => b.mountPath.length - a.mountPath.length);
}

/** Replaces every mount path in a text. */
export function rewriteMountPaths(text: string, mounts: readonly MountPath[]): string {
  if (mounts.length === 0) return text;
  const folders = new Map(mounts.map(({ mountPath, folder }) => [mountPath, folder]));
  const paths = mounts.map(({ mountPath }) => mountPath.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('|');
  // one pass over the text: what was put in is not looked at again
  const pattern = new RegExp(`(?<![\\w./-])(file://)?(${paths})(?![\\w.-])`, 'g');
  return text.replace(
    pattern,
    (_whole, scheme: string | undefined, path: string) => `${scheme ?? ''}${folders.get(path)}`,
  );
}

/** Where a path of the container really is, or undefined when no mount covers it. */
export function findOnDisk(path: string, mounts: readonly MountPath[]): string | undefined {
  const mount = mounts.find(({ mountPath }) => path === mountPath || path.startsWith(`${mountPath}/`));
  return mount ? mount.folder + path.slice(mount.mountPath.length) : undefined;
}
