/** The cluster, the registration of the webhook, and what runs: are the objects there and do they fit together? Pure. */
import { foundIn, whyNot } from '../../cluster.ts';
import type { Registration } from '../../installation.ts';
import { namespaceLabel } from '../../not-injected.ts';
import type { Workload } from '../../objects.ts';
import { findUnmet } from '../../selectors.ts';
import { whatIsMissing } from '../../workload-state.ts';
import { type CheckResult, conclude, error, type Finding, found, ok, unknown, warning } from '../check.ts';
import type { Facts } from '../facts.ts';

export function checkVersion({ version }: Facts): CheckResult {
  const check = { id: 'version', title: 'Kubernetes' };
  if (version.kind !== 'found') return unknown(check, whyNot(version));
  const { major, minor, gitVersion } = version.value;
  if (major > 1 || minor >= 28) return ok(check, gitVersion);
  const why = `Kubernetes ${gitVersion} is older than 1.28, the oldest that this version is tried with`;
  return found(check, warning('version-old', 'cluster', why, 'upgrade the cluster'));
}

export function checkRegistration(facts: Facts): CheckResult {
  const check = { id: 'registration', title: 'webhook configuration' };
  const { registrations, namespace } = facts.installation;
  if (registrations.kind !== 'found') return unknown(check, whyNot(registrations));
  const [first, ...others] = registrations.value;
  if (!first) {
    const why = `no MutatingWebhookConfiguration has a webhook ${namespaceLabel}: the API server asks about no pod`;
    return found(check, error('not-registered', 'cluster', why, 'install with "autocert install" or the Helm chart'));
  }
  const what = titleOf(first);
  const findings = [...registrationFindings(first, facts)];
  if (others.length > 0) {
    const names = others.map(titleOf).join(', ');
    const why = `${names} registers a webhook of the same name: pods are sent to both`;
    findings.push(warning('registered-twice', what, why, 'remove the one that is not in use'));
  }
  const { failurePolicy = 'Fail' } = first.webhook;
  return conclude(check, findings, `${what}, to a Service in namespace ${namespace}, failurePolicy ${failurePolicy}`);
}

function* registrationFindings(registration: Registration, facts: Facts): Generator<Finding> {
  const { webhook } = registration;
  const { policyDenies, service, namespace } = facts.installation;
  const what = titleOf(registration);
  const pods = webhook.rules?.some(
    ({ resources = [], operations = [] }) =>
      resources.some((resource) => ['pods', '*', '*/*'].includes(resource)) &&
      operations.some((operation) => operation === 'CREATE' || operation === '*'),
  );
  if (!pods) {
    const why = 'its rules do not name the creation of pods: the API server asks about none';
    yield error('registration-rules', what, why, 'apply the chart or manifests again');
  }
  const reference = webhook.clientConfig?.service;
  const ports = (foundIn(service)?.spec?.ports ?? []).map(({ port }) => port);
  const port = reference?.port ?? 443;
  if (reference && ports.length > 0 && !ports.includes(port)) {
    const why = `it names port ${port} of Service ${reference.namespace}/${reference.name}, which has ${ports.join(', ')}`;
    yield error('registration-port', what, why, 'apply the chart or manifests again');
  }
  if (webhook.failurePolicy === 'Ignore' && policyDenies === false) {
    const why =
      'failurePolicy is Ignore and no policy denies pods that were not injected: they start without a certificate';
    const remedy = 'set admissionPolicy.uninjectedActions=[Deny] of the chart, or webhook.failurePolicy=Fail';
    yield warning('fails-open', what, why, remedy);
  }
  const own = { metadata: { labels: { 'kubernetes.io/metadata.name': namespace, [namespaceLabel]: 'enabled' } } };
  const excluded = findUnmet(webhook.namespaceSelector, own.metadata.labels);
  const ownLabels = foundIn(facts.installation.deployment)?.spec?.template?.metadata?.labels ?? {};
  if (webhook.failurePolicy !== 'Ignore' && !excluded && !findUnmet(webhook.objectSelector, ownLabels)) {
    const why = `neither selector leaves out its own pods in namespace ${namespace}: once down, it may never start again`;
    yield warning('registration-own-pods', what, why, 'apply the chart or manifests again');
  }
}

const titleOf = ({ configuration }: Registration): string =>
  `MutatingWebhookConfiguration ${configuration.metadata.name}`;

/** One finding says so; what would follow from it is left out. */
const notInstalled = 'autocert is not installed';
const isNotInstalled = ({ registrations }: Facts['installation']): boolean => foundIn(registrations)?.length === 0;

export function checkService({ installation, endpoints }: Facts): CheckResult {
  const check = { id: 'service', title: 'webhook Service' };
  const { registrations, service, namespace } = installation;
  const name = foundIn(registrations)?.[0]?.webhook.clientConfig?.service?.name ?? 'autocert';
  const what = `Service ${namespace}/${name}`;
  if (service.kind === 'missing' && isNotInstalled(installation)) return unknown(check, notInstalled);
  if (service.kind === 'missing') {
    const why = 'it is not there, and the registration names it: the API server cannot reach the webhook';
    return found(check, error('service-missing', what, why, 'install with "autocert install" or the Helm chart'));
  }
  if (service.kind !== 'found') return unknown(check, whyNot(service));
  if (endpoints.kind !== 'found') return unknown(check, `its endpoints: ${whyNot(endpoints)}`);
  if (endpoints.value === undefined) return ok(check, `${what} is of type ExternalName`);
  if (endpoints.value > 0) return ok(check, `${what}, ${endpoints.value} addresses`);
  const why = 'no pod behind it is ready: the API server cannot reach the webhook';
  return found(
    check,
    error('service-no-endpoints', what, why, `kubectl -n ${namespace} describe pods -l ${selectorOf(installation)}`),
  );
}

const selectorOf = ({ service }: Facts['installation']): string =>
  Object.entries(foundIn(service)?.spec?.selector ?? { 'app.kubernetes.io/name': 'autocert' })
    .map(([key, value]) => `${key}=${value}`)
    .join(',');

export function checkDeployment({ installation, webhookTrouble }: Facts): CheckResult {
  const check = { id: 'deployment', title: 'webhook Deployment' };
  const { deployment, namespace } = installation;
  if (deployment.kind === 'missing' && isNotInstalled(installation)) return unknown(check, notInstalled);
  if (deployment.kind === 'missing') {
    const why = "no Deployment's pods are selected by the webhook's Service";
    const remedy = 'install with "autocert install" or the Helm chart';
    return found(check, error('deployment-missing', `namespace ${namespace}`, why, remedy));
  }
  if (deployment.kind !== 'found') return unknown(check, whyNot(deployment));
  return checkWorkload(check, 'Deployment', deployment.value, webhookTrouble);
}

export function checkCaWorkload({ installation, caTrouble }: Facts): CheckResult {
  const check = { id: 'ca', title: 'CA StatefulSet' };
  const { ca, caWorkload } = installation;
  if (!ca) return ok(check, 'the CA is not in this cluster, or not known');
  if (caWorkload.kind === 'missing') return ok(check, `no StatefulSet is behind Service ${ca.namespace}/${ca.name}`);
  if (caWorkload.kind !== 'found') return unknown(check, whyNot(caWorkload));
  return checkWorkload(check, 'StatefulSet', caWorkload.value, caTrouble);
}

function checkWorkload(
  check: { readonly id: string; readonly title: string },
  kind: string,
  workload: Workload,
  trouble: string,
): CheckResult {
  const { metadata, spec, status } = workload;
  const what = `${kind} ${metadata.namespace}/${metadata.name}`;
  const missing = spec?.replicas === 0 ? 'it is scaled to no replicas' : whatIsMissing(workload);
  const images = (spec?.template?.spec?.containers ?? []).map(({ image }) => image).join(', ');
  if (!missing) return ok(check, `${what}, ${status?.readyReplicas ?? 0} ready, ${images}`);
  const remedy = `kubectl -n ${metadata.namespace} describe ${kind.toLowerCase()},pods; kubectl -n ${metadata.namespace} logs ${kind.toLowerCase()}/${metadata.name}`;
  const finding = (status?.readyReplicas ?? 0) > 0 ? warning : error;
  return found(check, finding(`${check.id}-not-ready`, what, `${missing}${trouble}`, remedy));
}

export function checkConfig({ installation }: Facts): CheckResult {
  const check = { id: 'config', title: 'config.yaml' };
  const { config, namespace, deployment } = installation;
  if (config.kind === 'failed') {
    const what = `ConfigMap in namespace ${namespace}`;
    return found(
      check,
      error('config-invalid', what, config.why, 'correct the values of the chart; docs/reference/configuration.md'),
    );
  }
  if (config.kind === 'missing' && deployment.kind === 'found') {
    const why = 'none of its ConfigMaps has a config.yaml';
    const { metadata } = deployment.value;
    const what = `Deployment ${metadata.namespace}/${metadata.name}`;
    return found(check, error('config-missing', what, why, 'apply the chart or manifests again'));
  }
  if (config.kind !== 'found') return unknown(check, whyNot(config));
  const { caUrl, tokenMode } = config.value;
  return ok(check, `CA ${caUrl}, token mode ${tokenMode}`);
}
