/**
 * Renders an outcome as the AdmissionReview that answers a request: in the request's version, with its uid, with a patch
 * only when there is something to change, and for a denial with code, reason, the rule and the remedy in one message.
 *
 * Nothing here holds a secret: warnings reach whoever created the pod, audit annotations the audit log.
 */
import type { AppError, ErrorKind } from '../errors/index.ts';
import { isRecord } from './review.ts';
import type { Decision, InjectionPlan, Json, JsonObject, PatchOperation, Review, SkipReason } from './types.ts';

/** A decision carried out: the patch in place of the plan's layout. */
export type Outcome =
  | Exclude<Decision, { kind: 'inject' }>
  | { readonly kind: 'inject'; readonly plan: InjectionPlan; readonly patch: readonly PatchOperation[] };

/** Longest warning that clients show in full (Kubernetes, "Dynamic Admission Control", warnings). */
const maxWarning = 120;
/** Together they have 4096 bytes; the API server drops what is beyond. */
const maxWarnings = 20;
const maxAuditValue = 1024;

/** metav1.Status codes and reasons (k8s.io/apimachinery, meta/v1/types.go). */
const statusOf: Readonly<Record<ErrorKind, readonly [code: number, reason: string]>> = {
  invalid: [422, 'Invalid'],
  unauthenticated: [401, 'Unauthorized'],
  forbidden: [403, 'Forbidden'],
  'not-found': [404, 'NotFound'],
  conflict: [409, 'Conflict'],
  'rate-limited': [429, 'TooManyRequests'],
  unavailable: [503, 'ServiceUnavailable'],
  internal: [500, 'InternalError'],
};

/** The body to send. */
export function renderResponse(review: Review, outcome: Outcome): JsonObject {
  return {
    kind: 'AdmissionReview',
    apiVersion: review.apiVersion,
    response: { uid: review.uid, ...renderOutcome(outcome) },
  };
}

const patchSlot = '"patch":""';

/**
 * An answer as JSON text. The patch is most of it, and base64 has nothing to escape: it is put in as it is, which costs
 * a copy instead of a look at each character.
 */
export function serializeResponse(body: unknown): string {
  const response = isRecord(body) ? body.response : undefined;
  if (!isRecord(body) || !isRecord(response) || typeof response.patch !== 'string') return JSON.stringify(body);
  const text = JSON.stringify({ ...body, response: { ...response, patch: '' } });
  // Inside a text its quotes would be escaped: this is the member and no value that looks like it.
  const end = text.indexOf(patchSlot) + patchSlot.length - 1;
  return `${text.slice(0, end)}${response.patch}${text.slice(end)}`;
}

/**
 * Every pod of the cluster may come by: what is not annotated leaves no trace in the audit log. What is injected has left its
 * own when the webhook was asked first; the API server complains about a second one (reinvocationPolicy: IfNeeded).
 */
const unaudited: ReadonlySet<SkipReason> = new Set(['not-annotated', 'already-injected']);

function renderOutcome(outcome: Outcome): JsonObject {
  if (outcome.kind === 'deny') {
    return {
      allowed: false,
      status: renderStatus(outcome.error),
      auditAnnotations: { decision: 'deny', code: outcome.error.code },
    };
  }
  const warnings = renderWarnings(outcome.kind === 'skip' ? outcome.warnings : outcome.plan.warnings);
  const shown: JsonObject = warnings.length === 0 ? {} : { warnings };
  if (outcome.kind === 'skip') {
    const audit = unaudited.has(outcome.reason)
      ? {}
      : { auditAnnotations: { decision: 'skip', reason: outcome.reason } };
    return { allowed: true, ...shown, ...audit };
  }
  const { plan, patch } = outcome;
  return {
    allowed: true,
    ...(patch.length === 0 ? {} : { patchType: 'JSONPatch', patch: encodePatch(patch) }),
    ...shown,
    auditAnnotations: {
      decision: 'inject',
      name: clip(plan.wish.subject, maxAuditValue),
      sans: clip(plan.wish.sans.join(','), maxAuditValue),
      'token-mode': plan.tokenMode,
      'key-mode': plan.wish.mode ?? plan.keyMode,
      sidecar: plan.wish.bootstrapperOnly ? 'none' : plan.nativeSidecar ? 'native' : 'container',
    },
  };
}

/** metav1.Status of a denial. */
function renderStatus(error: AppError): JsonObject {
  // What cannot be decoded as a pod is a bad request, as in the API server; the rest of `invalid` is about values.
  const [code, reason] = error.code === 'ERR_POD_MALFORMED' ? [400, 'BadRequest'] : statusOf[error.kind];
  return { metadata: {}, status: 'Failure', message: describeDenial(error), reason, code };
}

/** The rule and the remedy, in an answer or in an event. The detail of an internal error is for the log alone. */
export function describeDenial(error: AppError): string {
  const detail = error.kind === 'internal' ? 'internal error; the log of the webhook says more' : error.message;
  const remedy = error.kind === 'internal' || error.hint === undefined ? '' : `; ${error.hint}`;
  return printable(`${detail}${remedy} [${error.code}]`);
}

const encodePatch = (patch: readonly PatchOperation[]): string =>
  Buffer.from(JSON.stringify(patch satisfies readonly Json[]), 'utf8').toString('base64');

const renderWarnings = (warnings: readonly string[]): string[] =>
  warnings.slice(0, maxWarnings).map((warning) => clip(printable(warning), maxWarning));

/** The API server drops warnings that hold control characters. */
const printable = (text: string): string => text.replace(/[\p{Cc}\p{Zl}\p{Zp}\p{Cs}]/gu, ' ');

/** At most `max` characters, cut between them. */
function clip(text: string, max: number): string {
  if (text.length <= max) return text;
  const characters = Array.from(text);
  return characters.length <= max ? text : `${characters.slice(0, max - 1).join('')}…`;
}
