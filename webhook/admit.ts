/**
 * POST /mutate from bytes to answer: read, decide, make the token Secret where one is wanted, render. The stages are in
 * `admission/`; here is their order, and what becomes of their failures.
 *
 * What can be answered is answered to the API server with code, rule and remedy, so that whoever created the pod reads it.
 * Only what is no AdmissionReview is an HTTP error.
 */

import type { WebhookConfig } from '../lib/admission/config/index.ts';
import {
  type ClusterFacts,
  type Decision,
  decideInjection,
  type InjectionPlan,
  parseAdmissionReview,
  type Review,
  renderPatch,
  renderResponse,
  type TokenSource,
} from '../lib/admission/index.ts';
import { AppError, isAppError } from '../lib/errors/index.ts';
import type { LogFields, Logger } from '../lib/log/index.ts';
import type { Clock, EpochMs } from '../lib/time/index.ts';
import { tokenSecretLimit } from './errors.ts';
import { describeAdmission } from './events/describe.ts';
import type { EventSink } from './events/event.ts';
import { bodyMalformed, type JsonAnswer, renderError } from './http-errors.ts';
import type { SecretStore } from './ports.ts';
import type { SecretBudget } from './tokens/secret-budget.ts';
import { buildTokenSecret, dryRunSecretName } from './tokens/token-secret.ts';

export type AdmitDeps = {
  readonly config: WebhookConfig;
  readonly issuer: TokenIssuer;
  readonly secrets: Pick<SecretStore, 'createSecret'>;
  readonly budget: SecretBudget;
  readonly clock: Pick<Clock, 'now'>;
  /** Asked at each request, since they change. */
  readonly clusterFacts: () => ClusterFacts;
  readonly log: Logger;
  /** Told of each token, by `ok` or the code of the failure. */
  readonly metrics: { token(mode: 'secret', result: string): void };
  readonly events: EventSink;
};

/** Makes one-time tokens without asking anybody. @throws {AppError} ERR_NOT_READY (unavailable) */
export type TokenIssuer = {
  mint(request: { subject: string; sans: readonly string[] }): { readonly token: string; readonly expiresAt: EpochMs };
  /** SHA-256 of the root, hex. */
  fingerprint(): string;
};

export type AdmissionOutcome = {
  /** `error` is a request that is no AdmissionReview. */
  readonly decision: Decision['kind'] | 'error';
  /** `ok`, why a pod is left alone, or the code of the refusal. */
  readonly reason: string;
  readonly answer: JsonAnswer;
  /** For the log: who and what, never a body, a patch or a token. */
  readonly fields: LogFields;
};

/** The Secret must be there, or refused, well before the API server gives up on us. */
const secretShareOfTimeout = 0.6;

/**
 * A handler that never rejects.
 *
 * @returns takes the body, and how long the API server waits for the answer
 */
export function createAdmitHandler(
  deps: AdmitDeps,
): (body: Uint8Array, timeoutMs: number) => Promise<AdmissionOutcome> {
  return async (body, timeoutMs) => {
    let review: Review;
    try {
      review = parseAdmissionReview(parseJson(body));
    } catch (error) {
      const reason = isAppError(error) ? error.code : 'ERR_INTERNAL';
      if (!isAppError(error)) deps.log.error('admission review could not be read', { error });
      return { decision: 'error', reason, answer: renderError(error), fields: detailOf(error) };
    }
    const fields = fieldsOf(review);
    try {
      return await answer(deps, review, timeoutMs, fields);
    } catch (error) {
      if (!isAppError(error) || error.kind === 'unavailable') deps.log.error('admission failed', { error, ...fields });
      return deny(deps.events, review, isAppError(error) ? error : internal(error), fields);
    }
  };
}

async function answer(
  deps: AdmitDeps,
  review: Review,
  timeoutMs: number,
  fields: LogFields,
): Promise<AdmissionOutcome> {
  const decision = decideInjection(review, deps.config, deps.clusterFacts());
  if (decision.kind === 'deny') return deny(deps.events, review, decision.error, fields);
  if (decision.kind === 'skip') {
    tell(deps.events, review, decision);
    const body = renderResponse(review, decision);
    return { decision: 'skip', reason: decision.reason, answer: { status: 200, body }, fields };
  }
  const { plan } = decision;
  const facts = { fingerprint: deps.issuer.fingerprint() };
  const patch = renderPatch(plan, await prepareToken(deps, review, plan, timeoutMs), facts);
  const body = renderResponse(review, { kind: 'inject', plan, patch });
  tell(deps.events, review, decision);
  const { subject, sans } = plan.wish;
  return { decision: 'inject', reason: 'ok', answer: { status: 200, body }, fields: { ...fields, subject, sans } };
}

/** Where the bootstrapper finds its token. On a dry run nothing is made. */
async function prepareToken(
  { config, issuer, secrets, budget, clock, metrics }: AdmitDeps,
  review: Review,
  plan: InjectionPlan,
  timeoutMs: number,
): Promise<TokenSource> {
  if (config.tokenMode === 'service-account') return { kind: 'service-account' };
  const { subject, sans } = plan.wish;
  // A plan without a bootstrapper mentions no Secret: its name is not used.
  if (review.dryRun || !plan.needsToken) return { kind: 'secret', secretName: dryRunSecretName(subject) };
  try {
    if (!budget.hasRoom(plan.namespace, clock.now())) throw tokenSecretLimit(plan.namespace, config.tokenSecretLimit);
    const minted = issuer.mint({ subject, sans });
    const secret = buildTokenSecret({ certificateName: subject, ...minted });
    budget.add(plan.namespace, clock.now(), minted.expiresAt); // also one whose answer is lost
    const secretName = await secrets.createSecret(plan.namespace, secret, timeoutMs * secretShareOfTimeout);
    metrics.token('secret', 'ok');
    return { kind: 'secret', secretName };
  } catch (error) {
    metrics.token('secret', isAppError(error) ? error.code : 'ERR_INTERNAL');
    const told = isAppError(error, 'ERR_NOT_READY') || isAppError(error, 'ERR_TOKEN_SECRET_LIMIT');
    throw told ? error : secretFailed(plan.namespace, error);
  }
}

/** The cause is for the log: it may name objects that whoever created the pod cannot see. */
const secretFailed = (namespace: string, cause: unknown): AppError =>
  new AppError('ERR_TOKEN_SECRET', 'unavailable', `token: no Secret could be made in namespace "${namespace}"`, {
    cause,
    hint: isAppError(cause) && cause.hint !== undefined ? cause.hint : 'the log of the webhook says why; try again',
  });

const internal = (cause: unknown): AppError =>
  new AppError('ERR_INTERNAL', 'internal', 'admission failed', {
    cause,
    hint: 'report it with the log of the webhook',
  });

function tell(events: EventSink, review: Review, decision: Decision): void {
  const draft = describeAdmission(review, decision);
  if (draft) events.record(draft);
}

function deny(events: EventSink, review: Review, error: AppError, fields: LogFields): AdmissionOutcome {
  const decision: Decision = { kind: 'deny', error };
  tell(events, review, decision);
  const body = renderResponse(review, decision);
  return {
    decision: 'deny',
    reason: error.code,
    answer: { status: 200, body },
    fields: { ...fields, ...detailOf(error) },
  };
}

function parseJson(body: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
  } catch (error) {
    throw bodyMalformed(error);
  }
}

function fieldsOf({ uid, namespace, name, object, operation, dryRun, username }: Review): LogFields {
  const generateName = name === '' ? generateNameOf(object) : undefined;
  return {
    uid,
    namespace,
    ...(generateName === undefined ? { podName: name } : { generateName }),
    operation,
    ...(dryRun ? { dryRun } : {}),
    user: username,
  };
}

/** Of a pod that has no name yet; the object is judged elsewhere. */
function generateNameOf(object: unknown): string | undefined {
  const metadata = typeof object === 'object' && object !== null ? Reflect.get(object, 'metadata') : undefined;
  const prefix = typeof metadata === 'object' && metadata !== null ? Reflect.get(metadata, 'generateName') : undefined;
  return typeof prefix === 'string' ? prefix.slice(0, 253) : undefined;
}

const detailOf = (error: unknown): LogFields => (isAppError(error) ? { detail: error.message } : {});
