/**
 * What can go wrong between us and a CA or the webhook's bootstrap endpoint. The kind says whether waiting may help;
 * programs decide by it, never by the text: a real step-ca answers nearly every token problem with the same words.
 */
import { AppError, describeError, type ErrorKind } from '../errors/index.ts';
import { redactText } from '../log/index.ts';

/** Whom we asked, and for what; the start of every message. */
export type Call = {
  readonly peer: 'ca' | 'webhook';
  /** What was asked for: `sign`, `renew`, `roots`, `bootstrap`. */
  readonly operation: string;
  /** Scheme, host and port. */
  readonly origin: string;
};

const subject = ({ peer, operation }: Call): string => `${peer}: ${operation}`;

export const invalidUrl = (text: string, problem: string): AppError =>
  new AppError('ERR_CA_URL', 'invalid', `ca url ${JSON.stringify(redactText(text))}: ${problem}`, {
    hint: 'write an https address with host and port, such as https://ca.step.svc.cluster.local',
  });

export const invalidFingerprint = (text: string): AppError =>
  new AppError('ERR_FINGERPRINT_FORMAT', 'invalid', `fingerprint ${JSON.stringify(text)}: not a SHA-256 in hex`, {
    hint: '64 hexadecimal digits, as printed by: step certificate fingerprint root_ca.crt',
  });

export const fingerprintMismatch = (origin: string, wanted: string, found: string): AppError =>
  new AppError('ERR_CA_FINGERPRINT', 'forbidden', `ca: ${origin} sent another root than the one asked for`, {
    context: { wanted, found },
    hint: 'something between here and the CA answers in its place, or the address belongs to another CA',
  });

export const cancelled = (call: Call): AppError =>
  new AppError('ERR_CANCELLED', 'unavailable', `${subject(call)}: cancelled, the program is ending`);

export function unreachable(call: Call, cause: unknown, hint?: string): AppError {
  const detail = `${subject(call)}: ${call.origin} is unreachable`;
  return new AppError('ERR_CA_UNREACHABLE', 'unavailable', detail, {
    cause,
    hint: hint ?? `check that ${call.origin} runs, that its name resolves here and that no NetworkPolicy is in between`,
  });
}

/** The peer's certificate does not lead to our roots, is for another name, or is out of date. */
export function untrusted(call: Call, reason: string, cause: unknown): AppError {
  const outOfDate = reason === 'CERT_HAS_EXPIRED' || reason === 'CERT_NOT_YET_VALID';
  const wrongName = reason === 'ERR_TLS_CERT_ALTNAME_INVALID';
  const hint = outOfDate
    ? 'compare the clocks of this machine and of the CA'
    : wrongName
      ? 'add the name in the address to the names of the CA (dnsNames in ca.json), or use a name that is there'
      : 'the address leads to a CA with another root, or something in between ends TLS';
  return new AppError('ERR_CA_UNTRUSTED', 'forbidden', `${subject(call)}: ${call.origin} is not trusted`, {
    cause,
    hint,
    context: { reason },
  });
}

/** The server ended the handshake because of the certificate that we showed. */
export function certificateRejected(call: Call, cause: unknown): AppError {
  const detail = `${subject(call)}: ${call.origin} refuses our client certificate in the TLS handshake`;
  return new AppError('ERR_CA_REFUSED', 'unauthenticated', detail, {
    cause,
    hint: 'the certificate has expired, or was issued by another CA',
  });
}

/** The server answered with an error status. `text` is what it said. */
export function refused(call: Call, status: number, text: string, requestId: string | undefined): AppError {
  const detail = `${subject(call)}: refused by ${call.origin} (${status})`;
  const said = redactText(text.replace(/[\p{Cc}\s]+/gu, ' ').trim()).slice(0, 500);
  const hint = hintFor(call.operation, status);
  return new AppError('ERR_CA_REFUSED', kindOf(status), said === '' ? detail : `${detail}: ${said}`, {
    context: { status, ...(requestId === undefined ? {} : { requestId: requestId.slice(0, 100) }) },
    ...(hint === undefined ? {} : { hint }),
  });
}

/** The webhook refused to give a token; its own code and hint say why. */
export function bootstrapRefused(
  call: Call,
  status: number,
  answer: { readonly code: string | undefined; readonly message: string; readonly hint: string | undefined },
): AppError {
  const { context, message, kind, hint } = refused(call, status, answer.message, undefined);
  const shown = answer.hint === undefined ? hint : redactText(answer.hint).slice(0, 500);
  return new AppError('ERR_BOOTSTRAP_REFUSED', kind, message, {
    context: { ...context, ...(answer.code === undefined ? {} : { reason: answer.code.slice(0, 100) }) },
    ...(shown === undefined ? {} : { hint: shown }),
  });
}

/** A success that does not hold what it should. */
export function malformedAnswer(call: Call, problem: unknown): AppError {
  const detail = `${subject(call)}: ${call.origin} sent an answer that cannot be used: ${describeError(problem)}`;
  return new AppError('ERR_CA_ANSWER', 'unavailable', detail, {
    hint: 'the address may belong to something that is not the expected server',
  });
}

const kinds: Readonly<Record<number, ErrorKind>> = {
  401: 'unauthenticated',
  403: 'forbidden',
  404: 'not-found',
  409: 'conflict',
  408: 'unavailable',
  421: 'unavailable',
  429: 'rate-limited',
};

const kindOf = (status: number): ErrorKind => kinds[status] ?? (status >= 500 ? 'unavailable' : 'invalid');

function hintFor(operation: string, status: number): string | undefined {
  if (status === 429) return 'too many requests; try again later';
  if (status === 404 && operation === 'root')
    return 'the CA has no root with this fingerprint; compare it with `step certificate fingerprint` of its root';
  if (status !== 401) return status >= 500 ? 'the log of the server says why' : undefined;
  switch (operation) {
    case 'sign':
    case 'revoke':
      return 'a token works once, for a few minutes, at a CA that was running when it was made; the log of the CA says which rule it broke';
    case 'renew':
    case 'rekey':
      return 'the certificate has expired or is revoked, or its provisioner is gone or forbids renewal; the log of the CA says which';
    default:
      return undefined;
  }
}
