/** What can go wrong in a service that keeps its certificate by the SDK, beyond what the CA's client reports. */
import { AppError, describeError, type ErrorKind } from '../../errors/index.ts';
import type { TlsFailure } from '../tls-failure.ts';

export const tokenUnusable = (problem: string): AppError =>
  new AppError('ERR_SDK_TOKEN', 'invalid', `token: ${problem}`, {
    hint: 'make one with: step ca token NAME, or autocert ca token NAME; it is good once, for five minutes',
  });

export const certificateUnusable = (cause: unknown): AppError =>
  new AppError('ERR_SDK_CERTIFICATE', 'unavailable', 'ca: the certificate that it issued cannot be used', {
    cause,
    hint: 'the certificate of before stays in use until it ends',
  });

export const expiredForGood = (cause: unknown): AppError =>
  new AppError('ERR_SDK_EXPIRED', 'unauthenticated', 'certificate: it has expired and the CA does not renew it', {
    cause,
    hint: 'give the option newToken, or allow it at the provisioner (allowRenewalAfterExpiry); else start the service with a new token',
  });

export const closed = (what: string): AppError =>
  new AppError('ERR_SDK_CLOSED', 'invalid', `${what}: it has been closed`);

type Outcome = { readonly kind: ErrorKind; readonly text: string; readonly hint?: string };

const outcomes: Readonly<Record<TlsFailure, Outcome>> = {
  'peer-untrusted': {
    kind: 'forbidden',
    text: 'the server is not trusted',
    hint: "its certificate is of a CA that is not trusted here, or for another name; for servers of federated CAs set trust: 'federation'",
  },
  'own-certificate-refused': {
    kind: 'unauthenticated',
    text: 'the server refuses our certificate',
    hint: 'the server does not trust our CA, or our certificate has expired',
  },
  'not-tls': { kind: 'unavailable', text: 'the server does not speak TLS', hint: 'is it the port of plain HTTP?' },
  other: { kind: 'unavailable', text: 'no answer' },
};

/** A request of the client that got no answer. The kind says whether the peer, we, or the network is the reason. */
export function requestFailed(method: string, origin: string, failure: TlsFailure, cause: unknown): AppError {
  const { kind, text, hint } = outcomes[failure];
  return new AppError('ERR_SDK_REQUEST', kind, `${method} ${origin}: ${text}: ${describeError(cause)}`, {
    cause,
    context: { failure },
    ...(hint === undefined ? {} : { hint }),
  });
}
