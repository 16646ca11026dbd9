/**
 * An error as the core API shows it: `{"status":…,"message":"…"}`. The texts are step-ca's to the letter, because the
 * CLI prints them and people search for them. Most refusals of a token read the same; which check failed is in the log.
 */
import { type ErrorKind, isAppError } from '../../lib/errors/index.ts';

export type ErrorAnswer = { readonly status: number; readonly body: Readonly<Record<string, unknown>> };

const statusOfKind: Readonly<Record<ErrorKind, number>> = {
  invalid: 400,
  unauthenticated: 401,
  forbidden: 403,
  'not-found': 404,
  conflict: 409,
  'rate-limited': 429,
  unavailable: 503,
  internal: 500,
};

/** Codes whose status is not that of their kind. */
const statusOfCode: Readonly<Record<string, number>> = {
  ERR_NOT_IMPLEMENTED: 501,
  ERR_REVOKE_NO_DATABASE: 501,
};

/** Codes whose message is the whole answer; those of the kinds `invalid` and `forbidden` are wrapped unless here. */
const bareMessages: ReadonlySet<string> = new Set([
  'ERR_NAME_CONSTRAINTS',
  'ERR_PROVISIONER_DISABLED',
  'ERR_RENEW_EXPIRED',
  'ERR_RENEW_TOKEN',
  'ERR_ROOT_UNKNOWN',
  'ERR_TEMPLATE_RESULT',
]);

/** Codes of `not-found` that step-ca words as an unexpected status. */
const unexpectedStatus: ReadonlySet<string> = new Set(['ERR_NOT_ENABLED']);

const seeLogs = 'Please see the certificate authority logs for more info.';

const defaultMessages: Readonly<Record<number, string>> = {
  400: 'The request could not be completed; malformed or missing data. ',
  401: 'The request lacked necessary authorization to be completed. ',
  403: 'The request was forbidden by the certificate authority. ',
  404: 'The requested resource could not be found. ',
  500: 'The certificate authority encountered an Internal Server Error. ',
  501: 'The requested method is not implemented by the certificate authority. ',
};

/** For an error nothing more is known of than its status. */
export function renderStatus(status: number): ErrorAnswer {
  const text =
    defaultMessages[status] ?? `The certificate authority received an unexpected HTTP status code - '${status}'. `;
  return { status, body: { status, message: `${text}${seeLogs}` } };
}

export function renderError(error: unknown): ErrorAnswer {
  if (!isAppError(error)) return renderStatus(500);
  const { code, kind, message } = error;
  const status = statusOfCode[code] ?? statusOfKind[kind];
  if (code === 'ERR_RENEW_TOKEN_ISSUER') {
    return { status, body: { type: 'unauthorized', detail: 'unauthorized', message } };
  }
  if (bareMessages.has(code)) return { status, body: { status, message } };
  if (unexpectedStatus.has(code)) return unexpected(status);
  if (kind === 'invalid')
    return { status, body: { status, message: `The request could not be completed: ${message}.` } };
  if (kind === 'forbidden') {
    const end = code === 'ERR_NAME_POLICY' ? '' : '.'; // step-ca forgets it there
    return {
      status,
      body: { status, message: `The request was forbidden by the certificate authority: ${message}${end}` },
    };
  }
  return renderStatus(status);
}

const unexpected = (status: number): ErrorAnswer => ({
  status,
  body: {
    status,
    message: `The certificate authority received an unexpected HTTP status code - '${status}'. ${seeLogs}`,
  },
});
