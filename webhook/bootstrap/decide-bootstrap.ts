/**
 * Who asks for a token, for which pod, and which names it gets. Pure. The order of the rules is from the caller inwards:
 * the token, the pod it names, what the webhook made of that pod, the names, the request.
 *
 * Admission is not trusted to have happened: it may have been skipped, or the pod edited since. So everything is decided
 * again from the live pod. Nothing is taken from the caller but the key in its request.
 */
import type { V1Pod } from '@kubernetes/client-node';
import { contract } from '../../lib/admission/index.ts';
import type { TokenReviewResult } from '../../lib/kubernetes/index.ts';
import { type CertificateRequest, groupSans, listSans } from '../../lib/x509/index.ts';
import { csrRefused, podMismatch, podMissing, podNotInjected, tokenRefused, tokenWithoutPod } from './errors.ts';

/** The pod in whose name a reviewed token speaks. */
export type Caller = {
  readonly namespace: string;
  readonly serviceAccount: string;
  readonly podName: string;
  readonly podUid: string;
  /** Node the kubelet asked from; API servers before 1.30 do not say. */
  readonly nodeName: string | undefined;
};

/** What a certificate is issued for. */
export type Grant = {
  readonly subject: string;
  readonly sans: readonly string[];
  /** Go duration, undefined where the CA decides. */
  readonly notAfter: string | undefined;
};

/** The rules of admission, applied to a live pod. */
export type PodRules = {
  /** Names and lifetime from the annotations. @throws {AppError} as a denial of admission */
  grantFor(pod: V1Pod, namespace: string): Grant;
  /** What is missing for this pod to be one that we injected; undefined when nothing is. */
  findInjectionProblem(pod: V1Pod): string | undefined;
};

/**
 * Reads the claims of a reviewed token.
 *
 * @throws {AppError} ERR_BOOTSTRAP_TOKEN_REFUSED (unauthenticated), ERR_BOOTSTRAP_TOKEN_UNBOUND (forbidden)
 */
export function identifyCaller(review: TokenReviewResult): Caller {
  if (!review.authenticated) throw tokenRefused(review.error);
  // An API server that knows no audiences answers without any: then the token may be meant for anybody.
  if (!review.audiences.includes(contract.tokenAudience)) throw tokenRefused('its audience is another');
  const [, namespace, serviceAccount] = /^system:serviceaccount:([^:]+):([^:]+)$/.exec(review.username) ?? [];
  const podName = single(review, 'pod-name');
  const podUid = single(review, 'pod-uid');
  if (!namespace || !serviceAccount || !podName || !podUid) throw tokenWithoutPod(review.username);
  return { namespace, serviceAccount, podName, podUid, nodeName: single(review, 'node-name') };
}

function single(review: TokenReviewResult & { authenticated: true }, claim: string): string | undefined {
  const values = review.extra[`authentication.kubernetes.io/${claim}`] ?? [];
  return values.length === 1 ? values[0] : undefined;
}

/**
 * What the caller gets.
 *
 * @param pod the live pod of that name, undefined when there is none
 * @throws {AppError} ERR_BOOTSTRAP_POD_MISSING, ERR_BOOTSTRAP_POD_MISMATCH, ERR_BOOTSTRAP_NOT_INJECTED,
 *   ERR_BOOTSTRAP_CSR, and the denials of admission
 */
export function decideBootstrap(
  caller: Caller,
  pod: V1Pod | undefined,
  csr: CertificateRequest,
  rules: PodRules,
): Grant {
  const { namespace, podName } = caller;
  if (!pod) throw podMissing(namespace, podName);
  const mismatch = findMismatch(caller, pod);
  if (mismatch !== undefined) throw podMismatch(namespace, podName, mismatch);
  const missing = rules.findInjectionProblem(pod);
  if (missing !== undefined) throw podNotInjected(namespace, podName, missing);
  const grant = rules.grantFor(pod, namespace);
  requireGrantedNames(csr, grant);
  return grant;
}

function findMismatch(caller: Caller, pod: V1Pod): string | undefined {
  const { metadata, spec, status } = pod;
  if (metadata?.uid !== caller.podUid) return 'is another one than the token was made for';
  if (metadata.deletionTimestamp !== undefined) return 'is being deleted';
  if (status?.phase === 'Succeeded' || status?.phase === 'Failed') return `has finished (${status.phase})`;
  if ((spec?.serviceAccountName ?? 'default') !== caller.serviceAccount) return 'runs under another ServiceAccount';
  if (!spec?.nodeName) return 'runs on no node yet';
  if (caller.nodeName !== undefined && spec.nodeName !== caller.nodeName) return 'runs on another node';
  return undefined;
}

/** A request may leave names out, the token has them; what it does say must be granted. */
function requireGrantedNames(csr: CertificateRequest, { subject, sans }: Grant): void {
  if (csr.commonName !== '' && csr.commonName !== subject && !sans.includes(csr.commonName)) {
    throw csrRefused(`common name "${csr.commonName}" is not one of the pod`);
  }
  const granted = new Set(listSans(groupSans(sans)));
  const foreign = listSans(csr.sans).find((name) => !granted.has(name));
  if (foreign !== undefined) throw csrRefused(`name "${foreign}" is not one of the pod`);
}
