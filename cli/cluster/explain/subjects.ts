/**
 * The pods that are asked about: in manifests, or behind an object of the cluster. A pod template is found by its place
 * (`spec.template`, `spec.jobTemplate.spec.template`), so that kinds nobody has heard of here are understood too.
 */
import { parseAllDocuments } from 'yaml';
import { annotations } from '../../../lib/admission/index.ts';
import { badInput, usage } from '../../errors.ts';
import { type Cluster, foundIn } from '../cluster.ts';
import { notReadable, objectNotFound } from '../errors.ts';
import type { KubernetesObject, Namespace, Pod } from '../objects.ts';

export type Subject = {
  readonly kind: string;
  readonly name: string;
  readonly namespace: string;
  /** As it would be sent to the API server, or, of a live one, as it is. */
  readonly pod: Pod;
  readonly live: boolean;
  /** The annotation stands at the workload itself, where it does nothing. */
  readonly misplaced: boolean;
};

type Resource = { readonly kind: string; readonly group: string; readonly names: readonly string[] };

/** Names as kubectl takes them; the first is the one of the API. */
const resources: readonly Resource[] = [
  { kind: 'Pod', group: '/api/v1', names: ['pods', 'pod', 'po'] },
  { kind: 'Deployment', group: '/apis/apps/v1', names: ['deployments', 'deployment', 'deploy'] },
  { kind: 'StatefulSet', group: '/apis/apps/v1', names: ['statefulsets', 'statefulset', 'sts'] },
  { kind: 'DaemonSet', group: '/apis/apps/v1', names: ['daemonsets', 'daemonset', 'ds'] },
  { kind: 'ReplicaSet', group: '/apis/apps/v1', names: ['replicasets', 'replicaset', 'rs'] },
  { kind: 'Job', group: '/apis/batch/v1', names: ['jobs', 'job'] },
  { kind: 'CronJob', group: '/apis/batch/v1', names: ['cronjobs', 'cronjob', 'cj'] },
];

/** `deploy/web`, when it is not a file; undefined for everything else. @throws {AppError} ERR_CLI_USAGE (invalid) */
export function parseReference(text: string): { readonly resource: Resource; readonly name: string } | undefined {
  const [, kind, name] = /^([A-Za-z]+)\/([a-z0-9][a-z0-9.-]*)$/.exec(text) ?? [];
  if (kind === undefined || name === undefined || /\.(ya?ml|json)$/.test(name)) return undefined;
  const resource = resources.find(({ names }) => names.includes(kind.toLowerCase()));
  if (resource) return { resource, name };
  const known = resources.map(({ names }) => names.at(-1)).join(', ');
  throw usage(
    `${text}: "${kind}" is no kind with pods that is known here`,
    `known are ${known}; or give a manifest file`,
  );
}

/** @throws {AppError} ERR_CLUSTER_OBJECT (not-found), ERR_CLUSTER_NOT_READABLE (forbidden) */
export async function fetchSubject(
  cluster: Cluster,
  { resource, name }: NonNullable<ReturnType<typeof parseReference>>,
  namespace: string,
): Promise<Subject> {
  const reading = await cluster.get<KubernetesObject>(
    `${resource.group}/namespaces/${namespace}/${resource.names[0]}/${name}`,
  );
  const title = `${resource.kind} ${namespace}/${name}`;
  if (reading.kind === 'missing') throw objectNotFound(title, 'name its namespace with --namespace');
  const object = foundIn(reading);
  if (!object) throw notReadable(title, reading.kind === 'found' ? '' : reading.why, 'give its manifest as a file');
  const subject = subjectOf({ ...object, kind: resource.kind }, namespace, resource.kind === 'Pod');
  if (!subject) throw badInput(`${title}: it has no pod template`);
  return subject;
}

export type Manifests = {
  readonly subjects: readonly Subject[];
  /** Namespaces that stand in the same file: their labels are those to come. */
  readonly namespaces: readonly Namespace[];
};

/**
 * What `kubectl apply -f` takes.
 *
 * @throws {AppError} ERR_CLI_INPUT (invalid) for what is not YAML, or has no pod in it
 */
export function readSubjects(text: string, file: string, namespace: string): Manifests {
  const objects = parseAllDocuments(text).flatMap((document): unknown[] => {
    const [error] = document.errors;
    if (error) throw badInput(`${file}: not YAML: ${error.message.split('\n')[0]}`);
    return unpackList(document.toJS({ maxAliasCount: 100 }));
  });
  const found = objects.filter(isObject);
  const subjects = found.flatMap((object) => subjectOf(object, object.metadata.namespace ?? namespace, false) ?? []);
  if (subjects.length === 0) {
    throw badInput(`${file}: no pod and no pod template in it`, 'give a Pod, Deployment, StatefulSet, Job, …');
  }
  return { subjects, namespaces: found.filter(({ kind }) => kind === 'Namespace') };
}

function subjectOf(object: KubernetesObject, namespace: string, live: boolean): Subject | undefined {
  const { kind = '', metadata } = object;
  const name = metadata.name ?? metadata.generateName ?? '';
  if (kind === 'Pod') {
    const pod = { ...object, metadata: { ...metadata, namespace } };
    return { kind, name, namespace, pod, live, misplaced: false };
  }
  const template = templateOf(object);
  if (!template) return undefined;
  const pod: Pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    ...template,
    // The controller makes the name up when it makes the pod
    metadata: { ...template.metadata, namespace, generateName: `${name}-` },
  };
  const misplaced = hasName(metadata.annotations) && !hasName(template.metadata?.annotations);
  return { kind, name, namespace, pod, live: false, misplaced };
}

const hasName = (values: KubernetesObject['metadata']['annotations']): boolean =>
  (values?.[annotations.name] ?? '') !== '';

function templateOf(object: KubernetesObject): Partial<Pod> | undefined {
  const spec = memberOf(object, 'spec');
  const template = memberOf(spec, 'template') ?? memberOf(memberOf(memberOf(spec, 'jobTemplate'), 'spec'), 'template');
  return memberOf(memberOf(template, 'spec'), 'containers') ? (template as Partial<Pod>) : undefined;
}

const memberOf = (value: unknown, key: string): unknown =>
  typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined;

function unpackList(value: unknown): unknown[] {
  const items = memberOf(value, 'items');
  return String(memberOf(value, 'kind')).endsWith('List') && Array.isArray(items) ? items : [value];
}

function isObject(value: unknown): value is KubernetesObject {
  const metadata = memberOf(value, 'metadata');
  return typeof memberOf(value, 'kind') === 'string' && typeof metadata === 'object' && metadata !== null;
}
