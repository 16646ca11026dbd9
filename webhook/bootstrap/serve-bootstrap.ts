/**
 * POST /v1/bootstrap from bytes to answer: a pod shows its ServiceAccount token and a certificate request, and gets a
 * one-time token that works for that request only. The order is from cheap to dear, so that a flood of nonsense costs
 * nobody a call of the API server.
 */

import { contract } from '../../lib/admission/index.ts';
import { AppError, isAppError } from '../../lib/errors/index.ts';
import type { LogFields, Logger } from '../../lib/log/index.ts';
import type { Clock } from '../../lib/time/index.ts';
import { describeRefusedBootstrap } from '../events/describe.ts';
import type { EventSink } from '../events/event.ts';
import { type JsonAnswer, renderError } from '../http-errors.ts';
import type { PodReader, TokenReviewer } from '../ports.ts';
import { type Caller, decideBootstrap, type Grant, identifyCaller, type PodRules } from './decide-bootstrap.ts';
import { apiFailed, busy, tooManyRequests } from './errors.ts';
import { RateLimiter } from './rate-limit.ts';
import { parseBearerToken, parseBootstrapBody } from './request.ts';

export type BootstrapDeps = {
  readonly kubernetes: TokenReviewer & PodReader;
  readonly rules: PodRules;
  readonly issuer: TokenIssuer;
  readonly caUrl: string;
  readonly clock: Pick<Clock, 'now'>;
  readonly log: Logger;
  /** Told of each token, by `ok` or the code of the failure. */
  readonly metrics: { token(mode: 'service-account', result: string): void };
  readonly events: EventSink;
};

/** Makes one-time tokens. @throws {AppError} ERR_NOT_READY (unavailable) */
export type TokenIssuer = {
  mint(request: { subject: string; sans: readonly string[]; csrDer: Buffer }): { readonly token: string };
  /** SHA-256 of the root, hex. */
  fingerprint(): string;
};

export type BootstrapOutcome = {
  readonly decision: 'grant' | 'refuse';
  /** `ok`, or the code of the refusal. */
  readonly reason: string;
  readonly answer: JsonAnswer;
  readonly fields: LogFields;
};

/** A pod that starts asks once or twice; this many a minute are a crash loop. */
const podLimit = { requests: 10, perMs: 60_000 };
/** Each request in flight costs two calls of the API server. */
const maxInFlight = 32;

/** A handler with its own counts. It never rejects: a refusal is an outcome. */
export function createBootstrapHandler(
  deps: BootstrapDeps,
): (request: { authorization: string | undefined; body: Uint8Array }) => Promise<BootstrapOutcome> {
  const limiter = new RateLimiter(podLimit);
  let inFlight = 0;
  return async (request) => {
    /** Filled in as the caller becomes known. */
    const known: Known = { fields: {} };
    const { fields } = known;
    inFlight += 1;
    try {
      if (inFlight > maxInFlight) throw busy();
      const body = await bootstrap(deps, limiter, request, known);
      return { decision: 'grant', reason: 'ok', answer: { status: 200, body }, fields };
    } catch (error) {
      tell(deps.events, known.caller, error);
      return refuse(deps.log, error, fields);
    } finally {
      inFlight -= 1;
    }
  };
}

/** What is known of a request so far, also when it ends in a refusal. */
type Known = { readonly fields: Record<string, unknown>; caller?: Caller };

async function bootstrap(
  { kubernetes, rules, issuer, caUrl, clock, metrics }: BootstrapDeps,
  limiter: RateLimiter,
  { authorization, body }: { authorization: string | undefined; body: Uint8Array },
  known: Known,
): Promise<Grant & { readonly ott: string; readonly caUrl: string; readonly fingerprint: string }> {
  const bearer = parseBearerToken(authorization);
  const csr = parseBootstrapBody(body);
  const fingerprint = issuer.fingerprint(); // not ready: said before the API server is asked
  const caller = identifyCaller(await kubernetes.reviewToken(bearer, contract.tokenAudience).catch(asUnavailable));
  const { namespace, podName, podUid, serviceAccount } = caller;
  const { fields } = known;
  known.caller = caller;
  Object.assign(fields, { namespace, pod: podName, podUid, serviceAccount });
  const waitMs = limiter.take(podUid, clock.now());
  if (waitMs > 0) throw tooManyRequests(waitMs);
  const pod = await kubernetes.readPod(namespace, podName).catch(asUnavailable);
  const grant = decideBootstrap(caller, pod, csr, rules);
  const { token } = issuer.mint({ subject: grant.subject, sans: grant.sans, csrDer: csr.der });
  metrics.token('service-account', 'ok');
  Object.assign(fields, { subject: grant.subject, sans: grant.sans });
  return { ott: token, caUrl, fingerprint, ...grant };
}

/** What the API server says of us, such as missing rights, is no judgement about the pod: it may come again. */
function asUnavailable(error: unknown): never {
  throw isAppError(error) ? apiFailed(error) : error;
}

/** A refusal that lies with the pod is told at the pod; what passes by itself is not. */
function tell(events: EventSink, caller: Caller | undefined, error: unknown): void {
  if (!caller || !isAppError(error) || error.kind === 'unavailable' || error.kind === 'internal') return;
  if (error.code === 'ERR_BOOTSTRAP_POD_MISSING') return; // there is nothing to tell it at
  events.record(describeRefusedBootstrap(caller, error));
}

function refuse(log: Logger, error: unknown, fields: LogFields): BootstrapOutcome {
  const reason = error instanceof AppError ? error.code : 'ERR_INTERNAL';
  const ours = !isAppError(error) || error.kind === 'unavailable' || error.kind === 'internal';
  // The cause has the hint for us; what is answered has the one for the pod.
  if (ours) log.error('bootstrap failed', { error: isAppError(error) ? (error.cause ?? error) : error, ...fields });
  const detail = isAppError(error) ? { detail: error.message } : {};
  return { decision: 'refuse', reason, answer: renderError(error), fields: { ...fields, ...detail } };
}
