/** What Node's errors of a TLS connection mean: whose certificate was refused, by whom. Pure. */
import type { DetailedPeerCertificate } from 'node:tls';

export type TlsFailure =
  /** We do not accept the peer's certificate. */
  | 'peer-untrusted'
  /** The peer does not accept ours. */
  | 'own-certificate-refused'
  | 'not-tls'
  | 'other';

/**
 * Alerts by which a server says that it does not like the certificate of the client (RFC 8446 6.2). Node gives them as
 * a code of its own or, during the handshake, as EPROTO with OpenSSL's text.
 */
const clientCertificateAlert =
  /ALERT_(BAD_CERTIFICATE|UNSUPPORTED_CERTIFICATE|CERTIFICATE_(REVOKED|EXPIRED|UNKNOWN|REQUIRED)|UNKNOWN_CA|ACCESS_DENIED)|alert number (4[2-689]|116)\b/;

/** What OpenSSL makes of bytes that are no TLS record. */
const notTls = /wrong.version.number|packet.length.too.long/i;

/** OpenSSL's verification results that Node hands on as `code`, and Node's own check of the name. */
const verificationFailure =
  /^(CERT_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|INVALID_CA|INVALID_PURPOSE|PATH_LENGTH_|ERR_TLS_CERT_|HOSTNAME_MISMATCH)/;

export function classifyTlsFailure(error: unknown): TlsFailure {
  const code = codeOf(error);
  if (verificationFailure.test(code)) return 'peer-untrusted';
  const text = `${code} ${error instanceof Error ? error.message : ''}`;
  if (clientCertificateAlert.test(text)) return 'own-certificate-refused';
  return notTls.test(text) ? 'not-tls' : 'other';
}

/** Node tries every address of a name and throws all failures together, without a message of their own. */
export function firstOf(error: unknown): unknown {
  return error instanceof AggregateError ? (error.errors[0] ?? error) : error;
}

export const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';

/** Node hangs the whole peer certificate on the error; the message says enough. */
export function withoutCertificate(error: unknown): unknown {
  if (error instanceof Error && 'cert' in error) delete (error as { cert?: DetailedPeerCertificate }).cert;
  return error;
}
