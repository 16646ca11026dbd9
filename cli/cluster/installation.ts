/**
 * What is installed in a cluster: the registration of the webhook, and from it, step by step, its Service, its
 * Deployment, its config.yaml, the root it trusts and the CA it uses. Nothing is assumed of names but the name of the
 * webhook itself, so that a Helm release of any name, the plain manifests and upstream's autocert are all found.
 */
import { parseWebhookConfig } from '../../lib/admission/config/index.ts';
import type { contract } from '../../lib/admission/index.ts';
import { describeError } from '../../lib/errors/index.ts';
import { type Cluster, foundIn, type Reading } from './cluster.ts';
import type {
  ConfigMap,
  KubernetesObject,
  MutatingWebhook,
  PolicyBinding,
  Service,
  WebhookConfiguration,
  Workload,
} from './objects.ts';
import { findUnmet } from './selectors.ts';

export type WebhookConfig = ReturnType<typeof parseWebhookConfig>;

/** Where the chart and the manifests install unless told otherwise. */
export const usualNamespace = 'step';

/** Name of the webhook inside its configuration; upstream's is the same. */
const webhookName = 'autocert.step.sm' satisfies typeof contract.tokenAudience;

export type Registration = { readonly configuration: WebhookConfiguration; readonly webhook: MutatingWebhook };

export type Installation = {
  /** Every registration of an autocert webhook; `refused` when they cannot be listed. */
  readonly registrations: Reading<readonly Registration[]>;
  /** Of the webhook's Service. */
  readonly namespace: string;
  readonly service: Reading<Service>;
  readonly deployment: Reading<Workload>;
  /** As the webhook reads it. */
  readonly config: Reading<WebhookConfig>;
  /** PEM of the root that the webhook is given. */
  readonly rootPem: Reading<string>;
  /** The Service behind `caUrl` and what runs behind it, when it is one of this cluster. */
  readonly ca: { readonly namespace: string; readonly name: string; readonly port: number } | undefined;
  readonly caWorkload: Reading<Workload>;
  /** ConfigMap beside the CA's, with `intermediate_ca.crt`. */
  readonly intermediatePem: string | undefined;
  /** Whether an annotated pod that was not injected is denied by a policy; undefined when that cannot be read. */
  readonly policyDenies: boolean | undefined;
};

/** @param namespace where to look when no registration can be read */
export async function findInstallation(cluster: Cluster, namespace = usualNamespace): Promise<Installation> {
  const registrations = await findRegistrations(cluster);
  const reference = foundIn(registrations)?.[0]?.webhook.clientConfig?.service;
  const home = reference?.namespace ?? namespace;
  const services = `/api/v1/namespaces/${home}/services`;
  const service: Reading<Service> = await cluster.get(`${services}/${reference?.name ?? 'autocert'}`);
  const deployment = await findWorkload(cluster, 'deployments', home, foundIn(service));
  const config = await readConfig(cluster, home, foundIn(deployment));
  const ca = serviceOfUrl(foundIn(config)?.caUrl);
  const caService = ca && foundIn(await cluster.get<Service>(`/api/v1/namespaces/${ca.namespace}/services/${ca.name}`));
  const [rootPem, caWorkload, policyDenies] = await Promise.all([
    readRoot(cluster, home, foundIn(deployment)),
    findWorkload(cluster, 'statefulsets', ca?.namespace ?? home, caService),
    readPolicy(cluster),
  ]);
  const certs = ca && (await cluster.get<ConfigMap>(`/api/v1/namespaces/${ca.namespace}/configmaps/${ca.name}-certs`));
  const intermediatePem = certs && foundIn(certs)?.data?.['intermediate_ca.crt'];
  const found = { registrations, namespace: home, service, deployment, config, rootPem, ca, caWorkload };
  return { ...found, intermediatePem, policyDenies };
}

async function findRegistrations(cluster: Cluster): Promise<Reading<readonly Registration[]>> {
  const path = '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations';
  const all = await cluster.list<WebhookConfiguration>(path);
  if (all.kind !== 'found') return all;
  const value = all.value.flatMap((configuration) =>
    (configuration.webhooks ?? [])
      .filter(({ name }) => name === webhookName)
      .map((webhook) => ({ configuration, webhook })),
  );
  return { kind: 'found', value };
}

/** The one whose pods the Service selects. */
async function findWorkload(
  cluster: Cluster,
  resource: 'deployments' | 'statefulsets',
  namespace: string,
  service: Service | undefined,
): Promise<Reading<Workload>> {
  const all = await cluster.list<Workload>(`/apis/apps/v1/namespaces/${namespace}/${resource}`);
  if (all.kind !== 'found') return all;
  const selector = service?.spec?.selector;
  const matches = all.value.filter(({ metadata, spec }) =>
    selector
      ? !findUnmet({ matchLabels: selector }, spec?.template?.metadata?.labels ?? {})
      : resource === 'deployments' && metadata.labels?.['app.kubernetes.io/part-of'] === 'autocert',
  );
  const [value] = matches;
  return value ? { kind: 'found', value } : { kind: 'missing' };
}

async function readConfig(
  cluster: Cluster,
  namespace: string,
  deployment: Workload | undefined,
): Promise<Reading<WebhookConfig>> {
  if (!deployment) return { kind: 'missing' };
  const text = await readMounted(cluster, namespace, deployment, 'config.yaml');
  if (text.kind !== 'found') return text;
  const [container] = deployment.spec?.template?.spec?.containers ?? [];
  const variable = container?.env?.find(({ name }) => name === 'PROVISIONER_NAME')?.value;
  try {
    // Its value decides nothing here, and upstream takes it from a Secret
    const environment = { NAMESPACE: namespace, PROVISIONER_NAME: variable ?? 'autocert' };
    return { kind: 'found', value: parseWebhookConfig(text.value, environment) };
  } catch (error) {
    return { kind: 'failed', why: describeError(error) };
  }
}

async function readRoot(
  cluster: Cluster,
  namespace: string,
  deployment: Workload | undefined,
): Promise<Reading<string>> {
  return deployment ? readMounted(cluster, namespace, deployment, 'root_ca.crt') : { kind: 'missing' };
}

/** A key of one of the ConfigMaps that the pods mount. */
async function readMounted(
  cluster: Cluster,
  namespace: string,
  deployment: Workload,
  key: string,
): Promise<Reading<string>> {
  const names = (deployment.spec?.template?.spec?.volumes ?? []).flatMap(({ configMap }) => configMap?.name ?? []);
  let problem: Reading<string> = { kind: 'missing' };
  for (const name of new Set(names)) {
    const map = await cluster.get<ConfigMap>(`/api/v1/namespaces/${namespace}/configmaps/${name}`);
    if (map.kind !== 'found') problem = map.kind === 'missing' ? problem : map;
    else if (map.value.data?.[key]) return { kind: 'found', value: map.value.data[key] };
  }
  return problem;
}

/** `https://name.namespace.svc…` */
function serviceOfUrl(text: string | undefined): Installation['ca'] {
  const url = URL.parse(text ?? '');
  const [name, namespace, svc] = url?.hostname.split('.') ?? [];
  if (!url || !name || !namespace || svc !== 'svc') return undefined;
  return { namespace, name, port: url.port === '' ? 443 : Number(url.port) };
}

/** By its meaning, not by its name: a policy of a release of any name, or one of the cluster's owner. */
async function readPolicy(cluster: Cluster): Promise<boolean | undefined> {
  const group = '/apis/admissionregistration.k8s.io/v1';
  const policies = await cluster.list<KubernetesObject>(`${group}/validatingadmissionpolicies`);
  const bindings = await cluster.list<PolicyBinding>(`${group}/validatingadmissionpolicybindings`);
  if (policies.kind === 'missing') return false; // a cluster that does not know the resource
  if (policies.kind !== 'found' || bindings.kind !== 'found') return undefined;
  const ours = policies.value
    .filter(({ metadata }) => metadata.labels?.['app.kubernetes.io/part-of'] === 'autocert')
    .map(({ metadata }) => metadata.name ?? '')
    .filter((name) => name.endsWith('-injected'));
  return bindings.value.some(
    ({ spec }) => ours.includes(spec?.policyName ?? '') && spec?.validationActions?.includes('Deny'),
  );
}
