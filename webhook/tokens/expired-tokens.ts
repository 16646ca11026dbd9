/** Tells pods that still wait for a token whose Secret was swept: one list of pending pods for each namespace. */
import { isAppError } from '../../lib/errors/index.ts';
import type { ObjectMetadata } from '../../lib/kubernetes/index.ts';
import type { Logger } from '../../lib/log/index.ts';
import { describeExpiredToken } from '../events/describe.ts';
import type { EventSink } from '../events/event.ts';
import type { PendingPodReader } from '../ports.ts';
import { findWaitingPods } from './waiting-pods.ts';

/** @param deleted Secrets that a sweep took away, used or not: only their pods know */
export async function tellExpiredTokens(
  kubernetes: PendingPodReader,
  deleted: readonly ObjectMetadata[],
  events: EventSink,
  log: Logger,
): Promise<void> {
  const byNamespace = Map.groupBy(deleted, ({ namespace }) => namespace);
  for (const [namespace, secrets] of byNamespace) {
    try {
      const pods = await kubernetes.listPendingPods(namespace);
      const waiting = findWaitingPods(pods, new Set(secrets.map(({ name }) => name)));
      for (const pod of waiting) events.record(describeExpiredToken(pod));
    } catch (error) {
      if (!isAppError(error)) throw error;
      log.debug('pending pods could not be listed', { error, namespace }); // nothing hangs on it but an event
    }
  }
}
