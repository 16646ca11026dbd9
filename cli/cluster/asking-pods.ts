/** The live pods that ask for a certificate, and which of them carry our containers. */
import type { WebhookConfig } from '../../lib/admission/config/index.ts';
import { annotations, isInjected } from '../../lib/admission/index.ts';
import type { Cluster, Reading } from './cluster.ts';
import type { KubernetesObject, Pod, Workload } from './objects.ts';

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
export const asksForCertificate = ({ metadata }: KubernetesObject): boolean =>
  (metadata.annotations?.[annotations.name] ?? '') !== '';

const isLive = ({ metadata, status }: Pod): boolean =>
  metadata.deletionTimestamp === undefined && status?.phase !== 'Succeeded' && status?.phase !== 'Failed';

/** `Deployment shop/web`, for each workload that has the annotation itself, and not in its template, where it counts. */
export async function readMisplaced(
  cluster: Cluster,
  namespace: string | undefined,
): Promise<Reading<readonly string[]>> {
  const found: string[] = [];
  for (const kind of ['Deployment', 'StatefulSet', 'DaemonSet']) {
    const scope = namespace === undefined ? '' : `/namespaces/${namespace}`;
    const path = `/apis/apps/v1${scope}/${kind.toLowerCase()}s`;
    const misplaced = (workload: Workload): boolean =>
      asksForCertificate(workload) && !asksForCertificate({ metadata: workload.spec?.template?.metadata ?? {} });
    const reading = await cluster.list<Workload>(path, {}, misplaced);
    if (reading.kind !== 'found') return reading;
    found.push(...reading.value.map(({ metadata }) => `${kind} ${metadata.namespace}/${metadata.name}`));
  }
  return { kind: 'found', value: found };
}
