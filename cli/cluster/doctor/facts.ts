/** Everything that the checks look at, read once. Reads only; the one POST is a dry run and the reviews of rights. */
import type { EpochMs } from '../../../lib/time/index.ts';
import { type AskingPod, readAskingPods, readMisplaced } from '../asking-pods.ts';
import type { Action, Cluster, Reading } from '../cluster.ts';
import { foundIn } from '../cluster.ts';
import { findInstallation, type Installation } from '../installation.ts';
import type { Namespace } from '../objects.ts';
import { troubleOf } from '../workload-state.ts';
import { type AdmissionProbe, type HttpProbe, probeAdmission, probeService } from './probes.ts';
import { countReadyAddresses, type EndpointSlice } from './ready-addresses.ts';

export type Version = { readonly major: number; readonly minor: number; readonly gitVersion: string };

export type Facts = {
  readonly now: EpochMs;
  readonly version: Reading<Version>;
  readonly installation: Installation;
  /** Addresses behind the webhook's Service that are ready; undefined for a Service of type ExternalName. */
  readonly endpoints: Reading<number | undefined>;
  /** What their pods complain about; empty when nothing. */
  readonly webhookTrouble: string;
  readonly caTrouble: string;
  /** Rights of the person that the checks would use, and that are missing. */
  readonly missingRights: readonly Action[];
  /** Rights that the webhook needs; `undefined` where that could not be asked. */
  readonly webhookRights: readonly { readonly action: Action; readonly allowed: boolean | undefined }[];
  readonly readyz: HttpProbe;
  readonly caHealth: HttpProbe;
  readonly admission: AdmissionProbe;
  /** All, or the one that was asked about. */
  readonly namespaces: Reading<readonly Namespace[]>;
  /** Live pods that ask for a certificate. */
  readonly pods: Reading<readonly AskingPod[]>;
  /** Workloads whose annotation stands where nothing reads it. */
  readonly misplaced: Reading<readonly string[]>;
};

export type Scope = {
  /** Undefined: every namespace. */
  readonly namespace: string | undefined;
  readonly now: EpochMs;
};

/** @throws {AppError} ERR_KUBERNETES_UNREACHABLE, ERR_KUBERNETES_REFUSED: nothing at all can be said */
export async function gatherFacts(cluster: Cluster, { namespace, now }: Scope): Promise<Facts> {
  const version = await readVersion(cluster);
  const installation = await findInstallation(cluster);
  const namespaces = await readNamespaces(cluster, namespace);
  const { service, deployment, caWorkload, ca, config } = installation;
  const [
    endpoints,
    webhookTrouble,
    caTrouble,
    webhookRights,
    readyz,
    caHealth,
    admission,
    pods,
    misplaced,
    missingRights,
  ] = await Promise.all([
    countEndpoints(cluster, installation),
    troubleOf(cluster, foundIn(deployment)),
    troubleOf(cluster, foundIn(caWorkload)),
    reviewWebhookRights(cluster, installation),
    probeService(cluster, foundIn(service), '/readyz'),
    ca
      ? probeService(cluster, { metadata: ca, spec: { ports: [{ port: ca.port }] } }, '/health')
      : ({
          kind: 'unknown',
          why: 'the CA is not a Service of this cluster; the webhook says whether it reaches it',
        } as const),
    probeAdmission(cluster, installation, foundIn(namespaces) ?? []),
    readAskingPods(cluster, namespace, foundIn(config)),
    readMisplaced(cluster, namespace),
    findMissingRights(cluster, installation.namespace, namespace),
  ]);
  return {
    ...{ now, version, installation, endpoints, webhookTrouble, caTrouble, webhookRights },
    ...{ readyz, caHealth, admission, namespaces, pods, misplaced, missingRights },
  };
}

/** What the checks ask for, so that one line says which rights would let all of them be made. */
async function findMissingRights(cluster: Cluster, home: string, only: string | undefined): Promise<readonly Action[]> {
  const scope = only === undefined ? {} : { namespace: only };
  const actions: readonly Action[] = [
    { verb: 'list', group: 'admissionregistration.k8s.io', resource: 'mutatingwebhookconfigurations' },
    { verb: 'list', group: 'admissionregistration.k8s.io', resource: 'validatingadmissionpolicies' },
    { verb: 'create', group: 'authorization.k8s.io', resource: 'subjectaccessreviews' },
    only === undefined
      ? { verb: 'list', resource: 'namespaces' }
      : { verb: 'get', resource: 'namespaces', name: only, ...scope },
    { verb: 'list', resource: 'pods', ...scope },
    { verb: 'create', resource: 'pods', ...scope },
    { verb: 'list', group: 'apps', resource: 'deployments', ...scope },
    { verb: 'get', resource: 'services', namespace: home },
    { verb: 'get', resource: 'services', subresource: 'proxy', namespace: home },
    { verb: 'get', resource: 'configmaps', namespace: home },
    { verb: 'list', group: 'apps', resource: 'statefulsets', namespace: home },
    { verb: 'list', group: 'discovery.k8s.io', resource: 'endpointslices', namespace: home },
  ];
  const answers = await Promise.all(actions.map((action) => cluster.may(action)));
  return actions.filter((_, index) => answers[index] !== true);
}

async function readVersion(cluster: Cluster): Promise<Reading<Version>> {
  const reading = await cluster.get<{ major: string; minor: string; gitVersion: string }>('/version');
  if (reading.kind !== 'found') return reading;
  const { major, minor, gitVersion } = reading.value; // some write "37+"
  return { kind: 'found', value: { major: Number.parseInt(major, 10), minor: Number.parseInt(minor, 10), gitVersion } };
}

async function readNamespaces(cluster: Cluster, only: string | undefined): Promise<Reading<readonly Namespace[]>> {
  if (only === undefined) return cluster.list<Namespace>('/api/v1/namespaces');
  const reading = await cluster.get<Namespace>(`/api/v1/namespaces/${only}`);
  return reading.kind === 'found' ? { kind: 'found', value: [reading.value] } : reading;
}

async function countEndpoints(
  cluster: Cluster,
  { namespace, service: reading }: Installation,
): Promise<Reading<number | undefined>> {
  if (reading.kind !== 'found') return reading;
  const { metadata, spec } = reading.value;
  if (spec?.type === 'ExternalName') return { kind: 'found', value: undefined };
  const slices = await cluster.list<Namespace & EndpointSlice>(
    `/apis/discovery.k8s.io/v1/namespaces/${namespace}/endpointslices`,
    {
      labelSelector: `kubernetes.io/service-name=${metadata.name}`,
    },
  );
  if (slices.kind !== 'found') return slices;
  return { kind: 'found', value: countReadyAddresses(slices.value) };
}

/** Those of the chart's ClusterRole (charts/autocert/templates/webhook/rbac.yaml). */
async function reviewWebhookRights(cluster: Cluster, installation: Installation): Promise<Facts['webhookRights']> {
  const { namespace, deployment, config: configReading } = installation;
  const account = foundIn(deployment)?.spec?.template?.spec?.serviceAccountName;
  const config = foundIn(configReading);
  if (account === undefined || !config) return [];
  const actions: Action[] =
    config.tokenMode === 'service-account'
      ? [
          { verb: 'create', group: 'authentication.k8s.io', resource: 'tokenreviews' },
          { verb: 'get', resource: 'pods' },
        ]
      : ['create', 'list', 'delete'].map((verb) => ({ verb, resource: 'secrets' }));
  if (config.events) actions.push(...['create', 'patch'].map((verb) => ({ verb, resource: 'events' })));
  const [name, group] = [config.webhookConfigurationName, 'admissionregistration.k8s.io'];
  if (name !== '') {
    actions.push(...['get', 'patch'].map((verb) => ({ verb, group, resource: 'mutatingwebhookconfigurations', name })));
  }
  return Promise.all(
    actions.map(async (action) => ({
      action,
      allowed: await cluster.mayAccount({ namespace, name: account }, action),
    })),
  );
}
