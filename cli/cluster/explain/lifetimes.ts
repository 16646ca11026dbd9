/**
 * How long the certificates of the webhook's provisioner may live, where that provisioner says so itself: the webhook
 * denies pods that ask for more or less. Asked of the CA through the API server; it tells everybody.
 */
import type { ClusterFacts } from '../../../lib/admission/index.ts';
import { tryParseGoDuration } from '../../../lib/time/index.ts';
import type { Cluster } from '../cluster.ts';
import { probeService } from '../doctor/probes.ts';
import type { Installation, WebhookConfig } from '../installation.ts';

type Lifetimes = NonNullable<ClusterFacts['lifetimes']>;

/** Lifetimes, undefined where the provisioner sets none, or a sentence that says why they are not known. */
export async function readLifetimes(
  cluster: Cluster,
  { ca }: Installation,
  config: WebhookConfig,
): Promise<Lifetimes | string | undefined> {
  if (!ca) return 'the CA is not a Service of this cluster';
  const service = { metadata: ca, spec: { ports: [{ port: ca.port }] } };
  const probe = await probeService(cluster, service, '/provisioners?limit=100');
  if (probe.kind !== 'answered') return probe.why;
  if (probe.status !== 200) return `the CA answers ${probe.status}`;
  return findLifetimes(probe.body, config);
}

type Listed = {
  readonly type?: string;
  readonly name?: string;
  readonly key?: { readonly kid?: string };
  readonly claims?: { readonly minTLSCertDuration?: string; readonly maxTLSCertDuration?: string };
};

/** As the webhook finds them. Exported for its test. */
export function findLifetimes(
  body: unknown,
  { provisionerName, provisionerKid }: Pick<WebhookConfig, 'provisionerName' | 'provisionerKid'>,
): Lifetimes | undefined {
  const { provisioners = [] } = (body ?? {}) as { readonly provisioners?: readonly Listed[] };
  const ours = provisioners.find(
    ({ type, name, key }) => type === 'JWK' && name === provisionerName && (provisionerKid ?? key?.kid) === key?.kid,
  );
  const [minMs, maxMs] = [ours?.claims?.minTLSCertDuration, ours?.claims?.maxTLSCertDuration].map((text) =>
    text === undefined ? undefined : tryParseGoDuration(text),
  );
  return minMs === undefined || maxMs === undefined ? undefined : { minMs, maxMs };
}
