/**
 * AdmissionReview v1 as the API server sends it for a new pod, and what to make of the answer. Pure: a pair of request
 * and process, the network is call-webhook.ts's.
 */
import { AppError } from '../../../lib/errors/index.ts';
import { admissionAnswer, podDenied } from '../errors.ts';
import { type Pod, podSchema } from '../manifests/objects.ts';
import { applyJsonPatch, type Json } from './json-patch.ts';

/** The body of the webhook's answer, as far as it is read. */
type ReviewAnswer = {
  readonly apiVersion?: unknown;
  readonly kind?: unknown;
  readonly response?: {
    readonly uid?: unknown;
    readonly allowed?: unknown;
    readonly patchType?: unknown;
    readonly patch?: unknown;
    readonly warnings?: unknown;
    readonly status?: { readonly code?: unknown; readonly message?: unknown };
  };
};

const podKind = { group: '', version: 'v1', kind: 'Pod' };
const podResource = { group: '', version: 'v1', resource: 'pods' };

/** What the API server fills in before admission. */
export function applyPodDefaults(pod: Pod): Pod {
  const serviceAccountName = pod.spec.serviceAccountName ?? 'default';
  return {
    ...pod,
    spec: {
      restartPolicy: 'Always',
      terminationGracePeriodSeconds: 30,
      dnsPolicy: 'ClusterFirst',
      schedulerName: 'default-scheduler',
      enableServiceLinks: true,
      securityContext: {},
      ...pod.spec,
      serviceAccountName,
      serviceAccount: serviceAccountName,
    },
  };
}

/** @param uid of the review, repeated in the answer */
export function buildReview(pod: Pod, uid: string): Record<string, unknown> {
  return {
    kind: 'AdmissionReview',
    apiVersion: 'admission.k8s.io/v1',
    request: {
      uid,
      kind: podKind,
      resource: podResource,
      requestKind: podKind,
      requestResource: podResource,
      ...(pod.metadata.name && { name: pod.metadata.name }),
      namespace: pod.metadata.namespace,
      operation: 'CREATE',
      userInfo: { username: 'autocert-local', groups: ['system:masters', 'system:authenticated'] },
      object: pod,
      oldObject: null,
      dryRun: false,
      options: { kind: 'CreateOptions', apiVersion: 'meta.k8s.io/v1' },
    },
  };
}

export type Admitted = { readonly pod: Pod; readonly warnings: readonly string[]; readonly patched: boolean };

/**
 * Judges the answer as the API server does and applies the patch.
 * @throws {AppError} ERR_LOCAL_POD_DENIED (forbidden), ERR_LOCAL_ADMISSION (unavailable)
 */
export function processReview(source: string, pod: Pod, uid: string, answer: unknown): Admitted {
  const { apiVersion, kind, response } = (answer ?? {}) as ReviewAnswer;
  if (apiVersion !== 'admission.k8s.io/v1' || kind !== 'AdmissionReview') {
    throw admissionAnswer(source, 'the answer is not an AdmissionReview of admission.k8s.io/v1');
  }
  if (response?.uid !== uid) throw admissionAnswer(source, 'the answer is for another request');
  const warnings = Array.isArray(response.warnings) ? response.warnings.map(String) : [];
  if (response.allowed !== true) {
    throw podDenied(
      source,
      Number(response.status?.code ?? 403),
      String(response.status?.message ?? 'no reason given'),
    );
  }
  if (response.patch === undefined || response.patch === null) return { pod, warnings, patched: false };
  if (response.patchType !== 'JSONPatch') throw admissionAnswer(source, 'the answer has a patch of unknown type');
  return { pod: applyPatch(source, pod, String(response.patch)), warnings, patched: true };
}

function applyPatch(source: string, pod: Pod, patchBase64: string): Pod {
  let patched: Json;
  try {
    const patch: unknown = JSON.parse(Buffer.from(patchBase64, 'base64').toString());
    patched = applyJsonPatch(pod as unknown as Json, patch);
  } catch (error) {
    throw admissionAnswer(source, 'the patch cannot be applied', error instanceof AppError ? error : undefined);
  }
  const result = podSchema.safeParse(patched);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw admissionAnswer(source, `the patched pod is not valid: ${issue?.path.join('.')}: ${issue?.message}`);
}
