/** Root, intermediate and caBundle: do they parse, do they fit, how long do they last? Pure. */
import { describeError } from '../../../../lib/errors/index.ts';
import type { EpochMs } from '../../../../lib/time/index.ts';
import { type Certificate, fingerprint, parseCertificateChainPem } from '../../../../lib/x509/index.ts';
import { foundIn, whyNot } from '../../cluster.ts';
import { type CheckResult, conclude, error, type Finding, found, ok, unknown, warning } from '../check.ts';
import type { Facts } from '../facts.ts';

const dayMs = 24 * 60 * 60 * 1000;
/** A rollover takes its time: every pod has to be created anew, or renewed, with both roots. */
const soonMs = 30 * dayMs;

export function checkRoot({ installation, now }: Facts): CheckResult {
  const check = { id: 'root', title: 'root certificate' };
  const { rootPem, namespace, deployment } = installation;
  const what = `root_ca.crt in namespace ${namespace}`;
  if (rootPem.kind === 'missing' && deployment.kind === 'found') {
    const why = 'no ConfigMap of the webhook holds it: the CA has not started yet, and the webhook waits for it';
    return found(check, error('root-missing', what, why, `kubectl -n ${namespace} get pods, and the log of the CA`));
  }
  if (rootPem.kind !== 'found') return unknown(check, whyNot(rootPem));
  const roots = parse(rootPem.value);
  if (typeof roots === 'string') {
    return found(check, error('root-invalid', what, roots, 'put the root of the CA there ("step ca root"), in PEM'));
  }
  const findings = roots.flatMap((root) =>
    ending(root, now, 'root', what, 'replace it: docs/guides/rollover.md says how, without an interruption'),
  );
  return conclude(check, findings, roots.map(describe).join('; '));
}

export function checkIntermediate({ installation, now }: Facts): CheckResult {
  const check = { id: 'intermediate', title: 'intermediate certificate' };
  const { ca, intermediatePem, rootPem } = installation;
  if (intermediatePem === undefined) {
    return ca
      ? unknown(check, `ConfigMap ${ca.name}-certs has no intermediate_ca.crt, or cannot be read`)
      : ok(check, 'the CA is not in this cluster');
  }
  const what = `intermediate_ca.crt in namespace ${ca?.namespace}`;
  const chain = parse(intermediatePem);
  if (typeof chain === 'string') {
    return found(check, error('intermediate-invalid', what, chain, 'put the intermediate of the CA there, in PEM'));
  }
  const roots = rootPem.kind === 'found' ? parse(rootPem.value) : [];
  const orphans = chain.filter(
    ({ issuerDer }) => typeof roots !== 'string' && !roots.some(({ subjectDer }) => subjectDer.equals(issuerDer)),
  );
  const findings = chain.flatMap((one) =>
    ending(one, now, 'intermediate', what, 'replace it: "autocert ca rollover intermediate", docs/guides/rollover.md'),
  );
  if (orphans.length > 0 && typeof roots !== 'string' && roots.length > 0) {
    const why = `${orphans.map(({ commonName }) => commonName).join(', ')} is not issued by a root that pods are given`;
    findings.push(error('intermediate-foreign', what, why, 'make root_ca.crt hold the root of this intermediate'));
  }
  return conclude(check, findings, chain.map(describe).join('; '));
}

export function checkCaBundle({ installation, now }: Facts): CheckResult {
  const check = { id: 'ca-bundle', title: 'caBundle' };
  const [registration] = foundIn(installation.registrations) ?? [];
  if (!registration) return unknown(check, 'there is no registration to look at');
  const what = `MutatingWebhookConfiguration ${registration.configuration.metadata.name}`;
  const itself =
    'the webhook writes it by itself within a minute and a half of being ready: look at its log and rights';
  const { caBundle } = registration.webhook.clientConfig ?? {};
  if (!caBundle) {
    const why = 'it is empty: the API server trusts no certificate that the webhook shows';
    return found(check, error('ca-bundle-empty', what, why, itself));
  }
  const bundle = parse(Buffer.from(caBundle, 'base64').toString());
  if (typeof bundle === 'string') return found(check, error('ca-bundle-invalid', what, bundle, itself));
  const findings: Finding[] = [];
  const roots = installation.rootPem.kind === 'found' ? parse(installation.rootPem.value) : 'unknown';
  const known = bundle.map(({ der }) => fingerprint(der));
  if (typeof roots !== 'string' && !roots.some(({ der }) => known.includes(fingerprint(der)))) {
    const why = `it holds ${bundle.map(describe).join('; ')}, and not the root of the CA: the API server refuses the webhook`;
    findings.push(error('ca-bundle-foreign', what, why, itself));
  }
  const living = bundle.filter(({ notAfter }) => notAfter > now);
  if (living.length === 0) {
    findings.push(error('ca-bundle-expired', what, 'every certificate in it has expired', itself));
  }
  return conclude(
    check,
    findings,
    `${bundle.map(describe).join('; ')}${typeof roots === 'string' ? '; not compared with the root' : ', the root of the CA'}`,
  );
}

/** Certificates, or why not. */
function parse(pem: string): readonly Certificate[] | string {
  try {
    const certificates = parseCertificateChainPem(pem);
    return certificates.length === 0 ? 'there is no certificate in it' : certificates;
  } catch (problem) {
    return describeError(problem);
  }
}

function ending(
  { commonName, notAfter }: Certificate,
  now: EpochMs,
  id: string,
  what: string,
  remedy: string,
): Finding[] {
  if (notAfter <= now) return [error(`${id}-expired`, what, `${commonName} expired ${day(notAfter)}`, remedy)];
  const days = Math.floor((notAfter - now) / dayMs);
  if (notAfter - now > soonMs) return [];
  return [warning(`${id}-expires`, what, `${commonName} expires ${day(notAfter)}, in ${days} days`, remedy)];
}

const day = (time: EpochMs): string => new Date(time).toISOString().slice(0, 10);

const describe = ({ commonName, der, notAfter }: Certificate): string =>
  `${commonName} (${fingerprint(der).slice(0, 12)}…, until ${day(notAfter)})`;
