/** What can go wrong in a service that keeps its certificate by the SDK, beyond what the CA's client reports. */
import { AppError, type ErrorKind } from '../../errors/index.ts';
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

const kinds: Readonly<Record<TlsFailure, ErrorKind>> = {
  'peer-untrusted': 'forbidden',
  'own-certificate-refused': 'unauthenticated',
  'not-tls': 'unavailable',
  other: 'unavailable',
};

const hints: Readonly<Record<TlsFailure, string | undefined>> = {
  'peer-untrusted':
    "its certificate is of a CA that is not trusted here, or for another name; for servers of federated CAs set trust: 'federation'",
  'own-certificate-refused': 'the server does not trust our CA, or our certificate has expired',
  'not-tls': 'is it the port of plain HTTP?',
  other: undefined,
};

/** A request of the client that got no answer. The kind says whether the peer, we, or the network is the reason. */
export function requestFailed(method: string, origin: string, failure: TlsFailure, cause: unknown): AppError {
  const hint = hints[failure];
  return new AppError('ERR_SDK_REQUEST', kinds[failure], `${method} ${origin}: no answer`, {
    cause,
    context: { failure },
    ...(hint === undefined ? {} : { hint }),
  });
}
