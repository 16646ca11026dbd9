/** What only an attempt shows: whether the API server reaches webhook and CA, and what becomes of a pod (on a dry run). */

import { annotations } from '../../../lib/admission/index.ts';
import type { ApiAnswer } from '../../../lib/kubernetes/index.ts';
import { type Cluster, foundIn, messageOf } from '../cluster.ts';
import type { Installation } from '../installation.ts';
import { namespaceLabel, whyNotCalled } from '../not-injected.ts';
import type { Namespace, Pod, Service } from '../objects.ts';

export type HttpProbe =
  | { readonly kind: 'answered'; readonly status: number; readonly body: unknown }
  /** The API server does not get through to it. */
  | { readonly kind: 'unreachable'; readonly why: string }
  | { readonly kind: 'unknown'; readonly why: string };

export type AdmissionProbe =
  | { readonly kind: 'injected'; readonly namespace: string }
  | { readonly kind: 'not-injected'; readonly namespace: string }
  | { readonly kind: 'refused'; readonly namespace: string; readonly why: string }
  | { readonly kind: 'unknown'; readonly why: string };

/** GET of a path of a Service, sent by the API server. */
export async function probeService(cluster: Cluster, service: Service | undefined, path: string): Promise<HttpProbe> {
  const { name = '', namespace = '' } = service?.metadata ?? {};
  const port = service?.spec?.ports?.[0]?.port;
  if (service?.spec?.type === 'ExternalName') return { kind: 'unknown', why: 'its Service leads out of the cluster' };
  if (port === undefined) return { kind: 'unknown', why: 'its Service is not known' };
  return readProbe(await cluster.proxy({ namespace, name, port }, path));
}

/** Answers of the API server itself are Status objects; everything else comes from behind it. Exported for its test. */
export function readProbe({ status, body }: Pick<ApiAnswer, 'status' | 'body'>): HttpProbe {
  const own = typeof body === 'object' && body !== null && 'kind' in body && body.kind === 'Status';
  // What its proxy says by itself is plain text
  const proxied = status >= 502 && typeof body === 'string';
  if (!own && !proxied) return { kind: 'answered', status, body };
  const why = messageOf(body) || `status ${status}`;
  return status >= 500 ? { kind: 'unreachable', why } : { kind: 'unknown', why };
}

/**
 * Creates a pod on a dry run: admission runs in full, over the same connection and with the same caBundle as for any
 * pod, and nothing is stored. No token is made: the webhook knows a dry run.
 */
export async function probeAdmission(
  cluster: Cluster,
  { registrations, config }: Installation,
  namespaces: readonly Namespace[],
): Promise<AdmissionProbe> {
  const webhook = foundIn(registrations)?.[0]?.webhook;
  const settings = foundIn(config);
  if (!webhook || !settings)
    return { kind: 'unknown', why: 'registration and config.yaml of the webhook are not known' };
  const candidates = namespaces.filter(
    (namespace) =>
      namespace.metadata.deletionTimestamp === undefined &&
      !whyNotCalled({ metadata: {} }, { namespace, webhook, registeredAt: undefined }),
  );
  const [place] = candidates;
  const namespace = place?.metadata.name;
  if (namespace === undefined) {
    return { kind: 'unknown', why: `there is no namespace with the label ${namespaceLabel}=enabled to try it in` };
  }
  const { status, body } = await cluster.dryRunPod(namespace, probePod(namespace, settings.clusterDomain));
  if (status === 201) {
    const { spec } = body as Pod;
    const names = (spec?.initContainers ?? []).map(({ name }) => name);
    return { kind: names.includes(settings.bootstrapper.name) ? 'injected' : 'not-injected', namespace };
  }
  const why = messageOf(body) || `status ${status}`;
  // Quotas, PodSecurity, policies of others and missing rights say nothing of autocert; its policy quotes the annotation
  return why.includes(webhook.name) ? { kind: 'refused', namespace, why } : { kind: 'unknown', why };
}

/** One that PodSecurity `restricted` and quotas let by. */
function probePod(namespace: string, clusterDomain: string): Pod & { readonly spec: object } {
  const domain = clusterDomain === '' ? '' : `.${clusterDomain}`;
  const resources = { cpu: '1m', memory: '1Mi' };
  const securityContext = {
    allowPrivilegeEscalation: false,
    capabilities: { drop: ['ALL'] },
    runAsNonRoot: true,
    runAsUser: 65532,
    seccompProfile: { type: 'RuntimeDefault' },
  };
  const container = {
    name: 'app',
    image: 'autocert-doctor',
    resources: { requests: resources, limits: resources },
    securityContext,
  };
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      generateName: 'autocert-doctor-',
      namespace,
      annotations: { [annotations.name]: `autocert-doctor.${namespace}.svc${domain}` },
    },
    spec: { serviceAccountName: 'default', automountServiceAccountToken: false, containers: [container] } as object,
  };
}
