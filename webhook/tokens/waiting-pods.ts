/**
 * Token mode `secret`: which pods still wait for a token whose Secret is gone. They will never start, and nothing in
 * them says so before their init container runs. Pure.
 */
import type { V1Pod } from '@kubernetes/client-node';

export type WaitingPod = { readonly namespace: string; readonly name: string; readonly uid: string };

/**
 * @param pods of one namespace
 * @param secretNames Secrets of that namespace that were deleted
 */
export function findWaitingPods(pods: readonly V1Pod[], secretNames: ReadonlySet<string>): readonly WaitingPod[] {
  return pods.flatMap(({ metadata, spec, status }) => {
    const { namespace, name, uid, deletionTimestamp } = metadata ?? {};
    if (!namespace || !name || !uid || deletionTimestamp !== undefined) return [];
    const container = spec?.initContainers?.find(({ env }) =>
      env?.some(({ valueFrom }) => secretNames.has(valueFrom?.secretKeyRef?.name ?? '')),
    );
    if (!container) return [];
    const own = status?.initContainerStatuses?.find((other) => other.name === container.name);
    // It may be starting at this instant with the token in its environment; then it has one until it ends.
    const hasToken = own?.state?.running !== undefined || own?.state?.terminated?.exitCode === 0;
    return hasToken ? [] : [{ namespace, name, uid }];
  });
}
