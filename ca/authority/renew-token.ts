/**
 * Renew tokens: how a certificate that has expired, or that cannot be shown in a TLS handshake, asks to be renewed. A
 * JWT signed by the leaf's key with the chain in the header `x5cInsecure`, so named to keep ordinary x5c verifiers from a
 * chain that may be expired: it is verified one minute before the end of the leaf's life.
 *
 * Keep: the texts go to the client as they are (step-ca), the order of the checks is step-ca's but for the use of the
 * token, which comes last.
 */
import { decodeJwt, findSignatureProblem, jwtAlgorithms } from '../../lib/jwt/index.ts';
import type { EpochMs } from '../../lib/time/index.ts';
import { type Certificate, parseCertificate, verifyChain } from '../../lib/x509/index.ts';
import { matchesAudience } from './audiences.ts';
import { renewToken, renewTokenIssuer } from './errors.ts';
import { tokenUse } from './one-time-token.ts';
import type { TokenUse } from './ports.ts';
import { findUntimely, isString, isTextList, readNumericDate } from './token-claims.ts';
import { requirePlainHeader } from './token-header.ts';

/** A token whose signature and chain are good; what it claims is not judged yet. */
export type SignedRenewToken = {
  readonly leaf: Certificate;
  readonly claims: Readonly<Record<string, unknown>>;
};

const maxChainLength = 8;

/** @throws {AppError} ERR_RENEW_TOKEN (unauthenticated) */
export function openRenewToken(token: string, roots: readonly Certificate[]): SignedRenewToken {
  try {
    const { header, claims } = decodeJwt(token);
    requirePlainHeader(header);
    const leaf = verifiedLeaf(header.x5cInsecure, roots);
    const problem = findSignatureProblem(token, header, { key: leaf.publicKey, algorithms: jwtAlgorithms });
    if (problem !== undefined) throw new TypeError(problem);
    return { leaf, claims };
  } catch (cause) {
    throw renewToken('', cause);
  }
}

function verifiedLeaf(header: unknown, roots: readonly Certificate[]): Certificate {
  if (!isTextList(header) || header.length === 0 || header.length > maxChainLength) {
    throw new TypeError('x5cInsecure is not a list of certificates');
  }
  const [leaf, ...intermediates] = header.map((text) => parseCertificate(Buffer.from(text, 'base64')));
  if (!leaf) throw new TypeError('x5cInsecure is empty');
  verifyChain(leaf, intermediates, roots, leaf.notAfter - 60_000, { eku: 'clientAuth' });
  if (leaf.keyUsage && !leaf.keyUsage.includes('digitalSignature')) throw new TypeError('the leaf may not sign');
  return leaf;
}

/** Before 0.15 the CLI put the provisioner's name there. */
const clientIssuer = 'step-ca-client/1.0';

/** @throws {AppError} ERR_RENEW_TOKEN, ERR_RENEW_TOKEN_ISSUER (unauthenticated) */
export function requireRenewClaims(
  token: string,
  { leaf, claims }: SignedRenewToken,
  provisionerName: string,
  audiences: readonly string[],
  now: EpochMs,
): TokenUse {
  const { aud, iss, sub, jti } = claims;
  const times = readTimes(claims);
  if (leaf.commonName !== '' && sub !== leaf.commonName) throw renewToken('invalid subject claim (sub)');
  const untimely = findUntimely(times, now);
  if (untimely) throw renewToken(problems[untimely]);
  const audience = isString(aud) ? [aud] : aud;
  if (!isTextList(audience) || !matchesAudience(audience, audiences)) throw renewToken('invalid audience claim (aud)');
  if (iss !== clientIssuer && iss !== provisionerName) throw renewTokenIssuer();
  return tokenUse(token, { id: isString(jti) ? jti : '', expiresAt: times.expiresAt }, now);
}

const problems = {
  nbf: 'token not valid yet (nbf)',
  exp: 'token is expired (exp)',
  iat: 'token issued in the future (iat)',
} as const;

function readTimes(claims: Readonly<Record<string, unknown>>) {
  try {
    return {
      expiresAt: readNumericDate(claims, 'exp'),
      notBefore: readNumericDate(claims, 'nbf'),
      issuedAt: readNumericDate(claims, 'iat'),
    };
  } catch (cause) {
    throw renewToken('', cause);
  }
}
