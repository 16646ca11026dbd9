/** What the probes have seen: does the webhook answer, is it content, does a pod get its containers? Pure. */
import { foundIn } from '../../cluster.ts';
import { describeAction } from '../../rights.ts';
import { type CheckResult, conclude, error, type Finding, found, ok, unknown, warning } from '../check.ts';
import type { Facts } from '../facts.ts';
import type { HttpProbe } from '../probes.ts';

type ReadyzCheck = { readonly ok: boolean; readonly required: boolean; readonly why?: string; readonly hint?: string };

export function checkReadiness({ readyz, installation, endpoints }: Facts): CheckResult {
  const check = { id: 'webhook', title: 'webhook, asked by the API server' };
  const { namespace, service } = installation;
  const what = `Service ${namespace}/${foundIn(service)?.metadata.name ?? 'autocert'}`;
  if (readyz.kind === 'unknown') return unknown(check, readyz.why);
  // The check of the Service has found that already
  if (foundIn(endpoints) === 0) return unknown(check, 'no pod behind its Service is ready');
  if (readyz.kind === 'unreachable') return found(check, unreachable('webhook-unreachable', what, readyz.why));
  const { checks = {} } = (readyz.body ?? {}) as { readonly checks?: Readonly<Record<string, ReadyzCheck>> };
  const failed = Object.entries(checks).filter(([, { ok }]) => !ok);
  const findings: Finding[] = failed.map(([name, { required, why = '', hint }]) =>
    (required ? error : warning)(
      `webhook-${kebab(name)}`,
      what,
      `${name}: ${why}`,
      hint ?? 'docs/runbook.md says what each check means',
    ),
  );
  if (findings.length === 0 && readyz.status !== 200) {
    findings.push(
      error('webhook-not-ready', what, `/readyz answers ${readyz.status}`, 'look at the log of the webhook'),
    );
  }
  return conclude(check, findings, `ready: ${Object.keys(checks).join(', ')}`);
}

const kebab = (name: string): string => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

const unreachable = (id: string, what: string, why: string): Finding =>
  error(
    id,
    what,
    `the API server does not get through: ${why}`,
    'let the control plane reach the pod: firewall of the nodes, networkPolicy.apiServerCidrs, or autocert.hostNetwork',
  );

export function checkCaHealth({ caHealth, installation }: Facts): CheckResult {
  const check = { id: 'ca-health', title: 'CA, asked by the API server' };
  const { ca } = installation;
  if (caHealth.kind === 'unknown' || !ca) return unknown(check, whyOf(caHealth));
  const what = `Service ${ca.namespace}/${ca.name}`;
  const remedy = `kubectl -n ${ca.namespace} describe statefulset,pods`;
  if (caHealth.kind === 'unreachable' && /no endpoints available/.test(caHealth.why)) {
    const why = 'no pod behind it is ready: nobody gets a certificate, and none is renewed';
    return found(check, error('ca-no-endpoints', what, why, remedy));
  }
  if (caHealth.kind === 'unreachable') {
    // Pods ask the CA, not the API server: a NetworkPolicy may keep the latter out
    return found(check, { ...unreachable('ca-unreachable', what, caHealth.why), severity: 'warning' });
  }
  if (caHealth.status === 200) return ok(check, `${what} is up`);
  const why = `/health answers ${caHealth.status}`;
  return found(check, error('ca-unhealthy', what, why, `kubectl -n ${ca.namespace} logs statefulset/${ca.name}`));
}

const whyOf = (probe: HttpProbe): string => (probe.kind === 'answered' ? 'the CA is not known' : probe.why);

export function checkAdmission({ admission, installation }: Facts): CheckResult {
  const check = { id: 'admission', title: 'a new pod (dry run)' };
  if (admission.kind === 'unknown') return unknown(check, admission.why);
  const what = `a pod in namespace ${admission.namespace}`;
  if (admission.kind === 'injected')
    return ok(check, `${what} gets its containers: the API server reaches and trusts the webhook`);
  const log = `kubectl -n ${installation.namespace} logs deployment/${foundIn(installation.deployment)?.metadata.name ?? 'autocert'} --all-pods`;
  if (admission.kind === 'not-injected') {
    const why =
      'it is admitted without the containers: the API server does not reach the webhook, or a condition leaves the pod out';
    return found(
      check,
      error('admission-not-injected', what, why, `see the other findings, the log of the API server, and ${log}`),
    );
  }
  const { why } = admission;
  if (/but was not injected/.test(why)) {
    return found(
      check,
      error(
        'admission-webhook-away',
        what,
        `it is refused, because the API server got no answer from the webhook: ${why}`,
        `see the other findings; ${log}`,
      ),
    );
  }
  if (/failed calling webhook/.test(why)) {
    const trust = /x509|certificate/.test(why);
    return found(
      check,
      error(
        trust ? 'admission-webhook-untrusted' : 'admission-webhook-away',
        what,
        why,
        trust
          ? `the caBundle does not fit the certificate that the webhook shows; ${log}`
          : `see the other findings; ${log}`,
      ),
    );
  }
  return found(check, error('admission-denied', what, why, log));
}

export function checkOwnRights({ missingRights }: Facts): CheckResult {
  const check = { id: 'access', title: 'your own rights' };
  if (missingRights.length === 0) return ok(check, 'all that these checks use');
  return unknown(check, `you may not ${missingRights.map(describeAction).join('; ')}`);
}

export function checkWebhookRights({ webhookRights, installation }: Facts): CheckResult {
  const check = { id: 'rights', title: 'rights of the webhook' };
  const account = foundIn(installation.deployment)?.spec?.template?.spec?.serviceAccountName;
  if (webhookRights.length === 0) return unknown(check, 'Deployment or config.yaml are not known');
  const unasked = webhookRights.filter(({ allowed }) => allowed === undefined);
  if (unasked.length > 0) return unknown(check, 'you may not create subjectaccessreviews.authorization.k8s.io');
  const what = `ServiceAccount ${installation.namespace}/${account}`;
  const findings = webhookRights
    .filter(({ allowed }) => !allowed)
    .map(({ action }) =>
      error(
        'webhook-rights',
        what,
        `it may not ${describeAction(action)}`,
        'apply the ClusterRole and its binding of the chart (rbac.create)',
      ),
    );
  return conclude(check, findings, `${what}, ${webhookRights.length} asked for`);
}
