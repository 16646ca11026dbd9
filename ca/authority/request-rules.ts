/**
 * A certificate request against the token it comes with. The token decides: a request may leave names out, and may not
 * say anything else. The checks and their texts are step-ca's, in its order; the first that fails is what the client
 * reads.
 */
import { createHash } from 'node:crypto';
import { type CertificateRequest, groupSans, type SanType } from '../../lib/x509/index.ts';
import { csrCommonName, csrFingerprint, csrKeySize, csrNames } from './errors.ts';
import type { VerifiedToken } from './one-time-token.ts';

/** @throws {AppError} ERR_CSR_FINGERPRINT, ERR_CSR_COMMON_NAME, ERR_CSR_KEY_SIZE, ERR_CSR_NAMES (forbidden) */
export function requireRequestOfToken(
  csr: CertificateRequest,
  token: Pick<VerifiedToken, 'subject' | 'sans' | 'csrFingerprint'>,
): void {
  if (token.csrFingerprint !== undefined) {
    const fingerprint = createHash('sha256').update(csr.der).digest('base64url');
    if (fingerprint !== token.csrFingerprint) throw csrFingerprint(token.csrFingerprint);
  }
  const allowed = [token.subject, ...token.sans];
  if (csr.commonName !== '' && !allowed.includes(csr.commonName)) {
    throw csrCommonName(csr.commonName, formatGoList(allowed));
  }
  requireStrongKey(csr);
  const wanted = groupSans(token.sans);
  for (const [type, kind] of kinds) {
    const [got, want] = [csr.sans[type], wanted[type]];
    if (got.length > 0 && !isSameSet(got, want)) throw csrNames(kind, formatGoList(got), formatGoList(want));
  }
}

/** RSA below 2048 bits; other kinds do not get as far as here. @throws {AppError} ERR_CSR_KEY_SIZE (forbidden) */
export function requireStrongKey({ publicKeyInfo }: Pick<CertificateRequest, 'publicKeyInfo'>): void {
  // whole bytes, as step-ca counts
  if (publicKeyInfo.type === 'RSA' && Math.ceil(publicKeyInfo.bits / 8) < 256) throw csrKeySize(publicKeyInfo.bits);
}

const kinds: readonly (readonly [SanType, string])[] = [
  ['dns', 'DNS names'],
  ['email', 'email addresses'],
  ['ip', 'IP addresses'],
  ['uri', 'URIs'],
];

function isSameSet(one: readonly string[], other: readonly string[]): boolean {
  const [left, right] = [new Set(one), new Set(other)];
  return left.size === right.size && [...left].every((text) => right.has(text));
}

/** A list as Go's %v prints it. */
const formatGoList = (texts: readonly string[]): string => `[${texts.join(' ')}]`;
