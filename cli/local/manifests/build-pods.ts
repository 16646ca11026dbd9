/**
 * Manifests -> the Pods that the controllers of a cluster would create, before admission. Pure: random name suffixes
 * come from the caller.
 *
 *   Pod          itself
 *   Deployment   `replicas` pods, generateName `<name>-<hash>-` as a ReplicaSet sets it
 *   StatefulSet  `replicas` pods `<name>-0`, `<name>-1`, … with hostname and subdomain
 *   Job          one pod, generateName `<name>-`
 *
 * Keep: name and generateName are as admission sees them: a pod with generateName has no name yet.
 */
import { manifestInvalid } from '../errors.ts';
import type { Metadata, Pod, PodSpec, Workload } from './objects.ts';
import type { SourcedObject } from './read-manifests.ts';

export type UnnamedPod = { readonly source: string; readonly pod: Pod };

/** @param randomSuffix five characters, drawn for each ReplicaSet */
export function buildPods(
  objects: readonly SourcedObject[],
  namespace: string,
  randomSuffix: () => string,
): UnnamedPod[] {
  return objects.flatMap(({ source, object }) => {
    if (object.kind === 'Pod') return [{ source, pod: buildSinglePod(source, object, namespace) }];
    if (isWorkload(object)) return buildWorkloadPods(source, object, namespace, randomSuffix);
    return [];
  });
}

const isWorkload = (object: { readonly kind: string }): object is Workload =>
  ['Deployment', 'StatefulSet', 'Job'].includes(object.kind);

function buildSinglePod(source: string, pod: Pod, namespace: string): Pod {
  if (!pod.metadata.name && !pod.metadata.generateName) throw manifestInvalid(source, 'metadata.name is missing');
  return { ...pod, metadata: { ...pod.metadata, namespace: pod.metadata.namespace ?? namespace }, spec: pod.spec };
}

function buildWorkloadPods(
  source: string,
  workload: Workload,
  namespace: string,
  randomSuffix: () => string,
): UnnamedPod[] {
  const { name } = workload.metadata;
  if (!name) throw manifestInvalid(source, 'metadata.name is missing');
  const { kind, spec } = workload;
  const inNamespace = workload.metadata.namespace ?? namespace;
  const count = kind === 'Job' ? 1 : (spec.replicas ?? 1);
  const replicaSet = randomSuffix();
  return Array.from({ length: count }, (_, ordinal) => {
    const naming: Naming =
      kind === 'StatefulSet'
        ? { name: `${name}-${ordinal}`, ordinal, serviceName: spec.serviceName }
        : { generateName: kind === 'Deployment' ? `${name}-${replicaSet}-` : `${name}-` };
    return { source, pod: buildTemplatePod(workload, naming, inNamespace) };
  });
}

type Naming =
  | { readonly generateName: string }
  | { readonly name: string; readonly ordinal: number; readonly serviceName: string | undefined };

function buildTemplatePod(workload: Workload, naming: Naming, namespace: string): Pod {
  const { template } = workload.spec;
  const metadata: Metadata = { ...template.metadata, namespace };
  const podSpec: PodSpec = { ...template.spec };
  if ('generateName' in naming) metadata.generateName = naming.generateName;
  else {
    metadata.name = naming.name;
    metadata.labels = {
      ...metadata.labels,
      'apps.kubernetes.io/pod-index': String(naming.ordinal),
      'statefulset.kubernetes.io/pod-name': naming.name,
    };
    podSpec.hostname = naming.name;
    if (naming.serviceName) podSpec.subdomain = naming.serviceName;
  }
  return { apiVersion: 'v1', kind: 'Pod', metadata, spec: podSpec };
}
