/**
 * Errors on the wire of both listeners: JSON `{status, code, message, hint?}`. The status follows from the kind of an
 * error, but for the few whose meaning HTTP itself defines.
 */
import { AppError, type ErrorKind, isAppError } from '../lib/errors/index.ts';

/** An answer in JSON. */
export type JsonAnswer = {
  readonly status: number;
  readonly body: unknown;
  /** When to come again, for 429 and 503. */
  readonly retryAfterMs?: number;
};

export const routeNotFound = (): AppError =>
  new AppError('ERR_ROUTE_NOT_FOUND', 'not-found', 'there is nothing at this path');

export const methodNotAllowed = (method: string): AppError =>
  new AppError('ERR_METHOD_NOT_ALLOWED', 'invalid', `this path takes ${method} only`);

export const bodyEmpty = (): AppError => new AppError('ERR_BODY_EMPTY', 'invalid', 'body: empty');

export const contentTypeUnsupported = (): AppError =>
  new AppError('ERR_CONTENT_TYPE', 'invalid', 'content type: application/json is wanted');

export const bodyMalformed = (cause: unknown): AppError =>
  new AppError('ERR_BODY_MALFORMED', 'invalid', 'body: not JSON in UTF-8', { cause });

const bodyTooLarge = (): AppError => new AppError('ERR_BODY_TOO_LARGE', 'invalid', 'body: too large');

const requestMalformed = (): AppError => new AppError('ERR_REQUEST_MALFORMED', 'invalid', 'request: not understood');

const statusOfCode: Readonly<Record<string, number>> = {
  ERR_BODY_EMPTY: 400,
  ERR_BODY_MALFORMED: 400,
  ERR_ADMISSION_REVIEW: 400,
  ERR_REQUEST_MALFORMED: 400,
  ERR_METHOD_NOT_ALLOWED: 405,
  ERR_BODY_TOO_LARGE: 413,
  ERR_CONTENT_TYPE: 415,
};

const statusOfKind: Readonly<Record<ErrorKind, number>> = {
  invalid: 422,
  unauthenticated: 401,
  forbidden: 403,
  'not-found': 404,
  conflict: 409,
  'rate-limited': 429,
  unavailable: 503,
  internal: 500,
};

/** An error on the wire. What is not ours shows nothing of itself. */
export function renderError(error: unknown): JsonAnswer {
  const known = isAppError(error) ? error : fromFastify(error);
  if (!known || known.kind === 'internal') {
    return { status: 500, body: { status: 500, code: 'ERR_INTERNAL', message: 'internal error' } };
  }
  const status = statusOfCode[known.code] ?? statusOfKind[known.kind];
  const hint = known.hint === undefined ? {} : { hint: known.hint };
  const { retryAfterMs } = known.context;
  return {
    status,
    body: { status, code: known.code, message: known.message, ...hint },
    ...(typeof retryAfterMs === 'number' ? { retryAfterMs } : {}),
  };
}

/** Fastify's own refusals, before a handler has seen the request. */
function fromFastify(error: unknown): AppError | undefined {
  const status = typeof error === 'object' && error !== null && 'statusCode' in error ? error.statusCode : undefined;
  if (status === 413) return bodyTooLarge();
  if (status === 415) return contentTypeUnsupported();
  return typeof status === 'number' && status >= 400 && status < 500 ? requestMalformed() : undefined;
}
