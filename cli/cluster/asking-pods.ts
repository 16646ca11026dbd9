/** The live pods that ask for a certificate, and which of them carry our containers. */
import type { WebhookConfig } from '../../lib/admission/config/index.ts';
import { annotations, isInjected } from '../../lib/admission/index.ts';
import type { Cluster, Reading } from './cluster.ts';
import type { Pod } from './objects.ts';

export type AskingPod = { readonly pod: Pod; readonly injected: boolean };

/** Names of the containers unless the configuration says otherwise. */
export const usualNames = { bootstrapper: 'autocert-bootstrapper', renewer: 'autocert-renewer' } as const;

/**
 * @param namespace undefined for all
 * @param config    undefined where it cannot be read: containers are then known by their usual names
 */
export async function readAskingPods(
  cluster: Cluster,
  namespace: string | undefined,
  config: WebhookConfig | undefined,
): Promise<Reading<readonly AskingPod[]>> {
  const path = namespace === undefined ? '/api/v1/pods' : `/api/v1/namespaces/${namespace}/pods`;
  const reading = await cluster.list<Pod>(path, {}, (pod) => asksForCertificate(pod) && isLive(pod));
  if (reading.kind !== 'found') return reading;
  const hasUsual = ({ spec }: Pod): boolean =>
    (spec?.initContainers ?? []).some(({ name }) => name === usualNames.bootstrapper);
  const injected = (pod: Pod): boolean => (config ? isInjected(pod, config) : hasUsual(pod));
  return { kind: 'found', value: reading.value.map((pod) => ({ pod, injected: injected(pod) })) };
}

/** A live pod or one to come. */
export const asksForCertificate = ({ metadata }: Pod): boolean =>
  (metadata.annotations?.[annotations.name] ?? '') !== '';

const isLive = ({ metadata, status }: Pod): boolean =>
  metadata.deletionTimestamp === undefined && status?.phase !== 'Succeeded' && status?.phase !== 'Failed';
