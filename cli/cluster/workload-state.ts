/** Whether a Deployment or StatefulSet runs as it should, and what its pods complain about where it does not. */
import { type Cluster, foundIn } from './cluster.ts';
import type { ContainerStatus, Pod, Workload } from './objects.ts';
import { renderLabels } from './selectors.ts';

/** As `kubectl rollout status` sees it; undefined when nothing is missing. */
export function whatIsMissing({ metadata, spec, status }: Workload): string | undefined {
  const wanted = spec?.replicas ?? 1;
  const { observedGeneration = 0, updatedReplicas = 0, readyReplicas = 0, replicas = 0 } = status ?? {};
  const { generation = 0 } = metadata;
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
