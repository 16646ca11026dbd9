/**
 * The downward API: what a container may learn of its own pod, by environment variable or by file. Pure. A path that
 * the API server would refuse is refused here.
 */
import { manifestInvalid } from '../errors.ts';
import type { Pod } from '../manifests/objects.ts';

/** All pods of a local run share the loopback address. */
export const podAddress = '127.0.0.1';
/** What `spec.nodeName` says. */
export const nodeName = 'local';

const fields: Readonly<Record<string, (pod: Pod) => string>> = {
  'metadata.name': (pod) => pod.metadata.name ?? '',
  'metadata.namespace': (pod) => pod.metadata.namespace ?? '',
  'metadata.uid': (pod) => pod.metadata.uid ?? '',
  'metadata.labels': (pod) => renderMap(pod.metadata.labels),
  'metadata.annotations': (pod) => renderMap(pod.metadata.annotations),
  'spec.nodeName': () => nodeName,
  'spec.serviceAccountName': serviceAccountOf,
  'status.hostIP': () => podAddress,
  'status.hostIPs': () => podAddress,
  'status.podIP': () => podAddress,
  'status.podIPs': () => podAddress,
};

/** The pod's ServiceAccount; `default` when the manifest names none. */
export function serviceAccountOf(pod: Pod): string {
  return pod.spec.serviceAccountName || 'default';
}

/** @throws {AppError} ERR_LOCAL_MANIFEST (invalid) for a path Kubernetes does not know */
export function readField(pod: Pod, fieldPath: string, source: string): string {
  const subscript = /^metadata\.(labels|annotations)\['([^']+)'\]$/.exec(fieldPath);
  if (subscript) return pod.metadata[subscript[1] as 'labels' | 'annotations']?.[subscript[2] ?? ''] ?? '';
  const read = Object.hasOwn(fields, fieldPath) ? fields[fieldPath] : undefined;
  if (!read) throw manifestInvalid(source, `fieldPath ${fieldPath}: not a field that a container can be given`);
  return read(pod);
}

/** `key="escaped value"` a line, sorted, as the kubelet writes label files. */
function renderMap(map: Readonly<Record<string, string>> | undefined): string {
  return Object.entries(map ?? {})
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `${key}=${JSON.stringify(value)}`)
    .join('\n');
}
