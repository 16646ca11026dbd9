/**
 * One-time tokens as the step CLI makes them: a JWT signed by the provisioner's key that lets its bearer have one
 * certificate for the names it lists. Pure but for the random token id.
 *
 *   aud   https://host[:port]/1.0/sign        sub, sans   the names; sans is [sub] when none are given
 *   iss   provisioner name                    sha         SHA-256 of the root, for the client; the CA ignores it
 *   jti   64 hex digits, used once            cnf         SHA-256 of the CSR the token is bound to
 */
import { createHash } from 'node:crypto';
import { randomHex } from '../crypto/index.ts';
import { type JsonObject, signJwt } from '../jwt/index.ts';
import type { EpochMs } from '../time/index.ts';
import type { ProvisionerKey } from './provisioner-key.ts';

/** step's default; the CLI allows ten seconds to an hour. */
export const defaultTokenLifetimeMs = 5 * 60 * 1000;

export type OneTimeTokenRequest = {
  /** Name of the provisioner. */
  readonly issuer: string;
  readonly audience: string;
  readonly subject: string;
  /** Absent for a revocation token. */
  readonly sans?: readonly string[];
  /** Lower-case hex SHA-256 of the root certificate. */
  readonly rootFingerprint?: string;
  readonly now: EpochMs;
  readonly lifetimeMs?: number;
  /** Start of validity when it is not now; the lifetime counts from it. */
  readonly notBefore?: EpochMs;
  /** Binds the token to this request. */
  readonly csrDer?: Uint8Array;
  /** More claims; cannot replace those above. */
  readonly extra?: JsonObject;
};

/** Signed compact token. A secret: never logged, never in an argument list. */
export function createOneTimeToken(key: ProvisionerKey, request: OneTimeTokenRequest): string {
  const { issuer, audience, subject, sans, now, rootFingerprint, csrDer } = request;
  const start = request.notBefore ?? now;
  const claims: JsonObject = {
    ...request.extra,
    aud: audience,
    ...(csrDer ? { cnf: { 'x5rt#S256': createHash('sha256').update(csrDer).digest('base64url') } } : {}),
    exp: seconds(start + (request.lifetimeMs ?? defaultTokenLifetimeMs)),
    iat: seconds(now),
    iss: issuer,
    jti: randomHex(32),
    nbf: seconds(start),
    ...(sans ? { sans: sans.length > 0 ? sans : [subject] } : {}),
    ...(rootFingerprint === undefined ? {} : { sha: rootFingerprint }),
    sub: subject,
  };
  return signJwt({ header: { kid: key.kid, typ: 'JWT' }, claims, key: key.key, alg: key.alg });
}

const seconds = (ms: EpochMs): number => Math.floor(ms / 1000);

/** Audience of an operation at the CA under `caUrl`; a path in the URL is dropped, as the step CLI does. */
export function tokenAudience(caUrl: string, operation: 'sign' | 'revoke'): string {
  return `https://${new URL(caUrl).host}/1.0/${operation}`;
}
