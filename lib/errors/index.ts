/**
 * The one error type that travels between modules.
 *
 * An `AppError` says what went wrong in terms a user may see (`message`, the detail) and carries a stable
 * `code`. It is rendered once, at the edge of a program: step-ca JSON, AdmissionResponse.status, CLI text.
 * Wrong arguments of a caller are `TypeError`; bad data and failing peers are `AppError`.
 *
 * Keep: neither message nor context ever holds a token, a private key or a password.
 */

/** What an edge needs to know to choose a status: HTTP code, exit code, retry or not. */
export type ErrorKind =
  | 'invalid'
  | 'unauthenticated'
  | 'forbidden'
  | 'not-found'
  | 'conflict'
  | 'rate-limited'
  | 'unavailable'
  | 'internal';

/** Optional parts of an {@link AppError}. */
export type ErrorDetails = {
  readonly cause?: unknown;
  /** For logs only; low cardinality, no secrets. */
  readonly context?: Readonly<Record<string, unknown>>;
  /** What the reader should do now, one line without full stop. */
  readonly hint?: string;
};

/** Bad data or a failing peer. `code` is listed in docs/reference/errors.md. */
export class AppError extends Error {
  readonly code: string;
  readonly kind: ErrorKind;
  readonly context: Readonly<Record<string, unknown>>;
  readonly hint: string | undefined;

  constructor(code: string, kind: ErrorKind, detail: string, details: ErrorDetails = {}) {
    super(detail, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = 'AppError';
    this.code = code;
    this.kind = kind;
    this.context = details.context ?? {};
    this.hint = details.hint;
  }
}

/** Narrows an unknown thrown value; with `code`, to that one error. */
export function isAppError(value: unknown, code?: string): value is AppError {
  return value instanceof AppError && (code === undefined || value.code === code);
}

/** Whether the same call may succeed later without anybody changing anything. */
export function isTransient(error: unknown): boolean {
  return isAppError(error) && (error.kind === 'unavailable' || error.kind === 'rate-limited');
}

/**
 * One line for a log or a terminal: the message and its causes, outermost first, joined by ": ".
 * A cause whose text the message already repeats is left out.
 */
export function describeError(error: unknown): string {
  const parts: string[] = [];
  let current: unknown = error;
  for (let depth = 0; current !== undefined && depth < 8; depth++) {
    const text = current instanceof Error ? current.message || current.name : String(current);
    if (!parts.some((part) => part.includes(text))) parts.push(text);
    current = current instanceof Error ? current.cause : undefined;
  }
  return parts.join(': ');
}
