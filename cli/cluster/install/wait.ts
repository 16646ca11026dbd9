/** Waits until webhook and CA run, and says what it waits for. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Cluster, foundIn } from '../cluster.ts';
import { notReady } from '../errors.ts';
import type { ConfigMap, ContainerStatus, KubernetesObject, Pod, Workload } from '../objects.ts';
import { pathOf, titleOf } from '../resource-path.ts';
import { renderLabels } from '../selectors.ts';

export type WaitOptions = {
  readonly timeoutMs: number;
  readonly now: () => number;
  /** Called with each change of what is waited for. */
  readonly onProgress: (text: string) => void;
};

const pauseMs = 1000;

/** @throws {AppError} ERR_CLUSTER_NOT_READY (unavailable) with what the pods say */
export async function untilReady(
  cluster: Cluster,
  objects: readonly KubernetesObject[],
  { timeoutMs, now, onProgress }: WaitOptions,
): Promise<void> {
  const workloads = objects.filter(({ kind }) => kind === 'Deployment' || kind === 'StatefulSet');
  const registration = objects.find(({ kind }) => kind === 'MutatingWebhookConfiguration');
  const deadline = now() + timeoutMs;
  let shown = '';
  for (;;) {
    const waiting: string[] = [];
    for (const workload of workloads) {
      const found = foundIn(await cluster.get<Workload>(pathOf(workload)));
      const problem = found ? whatIsMissing(found) : 'not there';
      if (problem) waiting.push(`${titleOf(workload)}: ${problem}${await troubleOf(cluster, found)}`);
    }
    if (waiting.length === 0 && registration && !(await hasCaBundle(cluster, registration))) {
      waiting.push(`${titleOf(registration)}: the webhook has not written its caBundle yet`);
    }
    if (waiting.length === 0) return;
    const text = waiting.join('; ');
    if (text !== shown) onProgress(text);
    shown = text;
    if (now() >= deadline) throw notReady(text);
    await sleep(Math.min(pauseMs, Math.max(0, deadline - now())));
  }
}

/** As `kubectl rollout status` sees it; undefined when nothing is missing. */
export function whatIsMissing({ metadata, spec, status }: Workload): string | undefined {
  const wanted = spec?.replicas ?? 1;
  const { observedGeneration = 0, updatedReplicas = 0, readyReplicas = 0, replicas = 0 } = status ?? {};
  const { generation = 0 } = metadata as Workload['metadata'] & { readonly generation?: number };
  if (observedGeneration < generation) return 'not looked at by its controller yet';
  if (updatedReplicas < wanted) return `${updatedReplicas} of ${wanted} replicas are of the new version`;
  if (replicas > wanted) return `${replicas - wanted} old replicas are still there`;
  return readyReplicas < wanted ? `${readyReplicas} of ${wanted} replicas are ready` : undefined;
}

/** What the containers of its pods complain about. */
export async function troubleOf(cluster: Cluster, workload: Workload | undefined): Promise<string> {
  const labels = workload?.spec?.template?.metadata?.labels;
  if (!workload || !labels) return '';
  const path = `/api/v1/namespaces/${workload.metadata.namespace}/pods`;
  const pods = foundIn(await cluster.list<Pod>(path, { labelSelector: renderLabels(labels) })) ?? [];
  const complaints = new Set(pods.flatMap(complaintsOf));
  return complaints.size === 0 ? '' : ` (${[...complaints].join('; ')})`;
}

function complaintsOf({ status }: Pod): string[] {
  const conditions = (status?.conditions ?? [])
    .filter(({ type, status: value, reason }) => type === 'PodScheduled' && value === 'False' && reason !== undefined)
    .map(({ message, reason }) => `${reason}: ${message ?? ''}`);
  const containers = [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])];
  return [...conditions, ...containers.flatMap(complaintOf)];
}

/** Being made is no complaint. */
function complaintOf({ name, state, lastState }: ContainerStatus): string[] {
  const { reason = '', message = '' } = state?.waiting ?? {};
  if (reason === '' || reason === 'PodInitializing' || reason === 'ContainerCreating') return [];
  const last = lastState?.terminated?.message?.trim() ?? '';
  return [`${name}: ${[reason, message, last].filter((part) => part !== '').join(': ')}`];
}

async function hasCaBundle(cluster: Cluster, registration: KubernetesObject): Promise<boolean> {
  type Registration = KubernetesObject & {
    readonly webhooks?: readonly { readonly clientConfig?: { caBundle?: string } }[];
  };
  const found = foundIn(await cluster.get<Registration>(pathOf(registration)));
  return (found?.webhooks ?? []).every(({ clientConfig }) => clientConfig?.caBundle);
}

/** The root that pods will trust, from the ConfigMap that the webhook mounts. */
export async function readRoot(cluster: Cluster, objects: readonly KubernetesObject[]): Promise<string | undefined> {
  for (const object of objects.filter(({ kind }) => kind === 'ConfigMap')) {
    const root = foundIn(await cluster.get<ConfigMap>(pathOf(object)))?.data?.['root_ca.crt'];
    if (root) return root;
  }
  return undefined;
}
