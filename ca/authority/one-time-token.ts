/**
 * One-time tokens of JWK provisioners: taken apart, their provisioner found, then judged. Judging comes before the
 * token is taken, so that a forged token cannot use up the id of a real one (step-ca takes it first).
 *
 *   aud  operation and CA      iss, kid  provisioner       sub, sans  names       jti  used once
 *   exp, nbf, iat  each optional, one minute of leeway     cnf  hash of the CSR it is bound to
 */
import { createHash } from 'node:crypto';
import { decodeJwt, findSignatureProblem, type JsonObject } from '../../lib/jwt/index.ts';
import type { EpochMs } from '../../lib/time/index.ts';
import { type Audiences, audienceFragment, matchesAudience } from './audiences.ts';
import {
  provisionerDisabled,
  tokenAudience,
  tokenClaim,
  tokenMalformed,
  tokenProvisionerUnknown,
  tokenSignature,
  tokenTooOld,
} from './errors.ts';
import type { TokenUse } from './ports.ts';
import type { Provisioner, ProvisionerState } from './provisioner.ts';
import type { ProvisionerCollection } from './provisioners.ts';
import { isString, isTextList, readNumericDate, requireTimely } from './token-claims.ts';
import { requirePlainHeader } from './token-header.ts';

export type TokenOperation = 'sign' | 'revoke';

export type TokenContext = {
  readonly provisioners: ProvisionerCollection;
  readonly audiences: Audiences;
  readonly dnsNames: readonly string[];
  /** Tokens issued before are refused; undefined to accept them. */
  readonly startedAt: EpochMs | undefined;
};

/** A token that may be used once for what it says. */
export type VerifiedToken = {
  readonly provisioner: Provisioner & { readonly state: Extract<ProvisionerState, { kind: 'ready' }> };
  readonly subject: string;
  /** As in the token; [subject] when it lists none. */
  readonly sans: readonly string[];
  /** Base64url SHA-256 of the request it is bound to. */
  readonly csrFingerprint: string | undefined;
  readonly use: TokenUse;
  /** All of them, for templates. */
  readonly claims: JsonObject;
};

type Claims = {
  readonly header: JsonObject;
  readonly all: JsonObject;
  readonly issuer: string;
  readonly kid: string;
  readonly audience: readonly string[];
  readonly subject: string;
  readonly sans: readonly string[];
  readonly id: string;
  readonly expiresAt: EpochMs | undefined;
  readonly notBefore: EpochMs | undefined;
  readonly issuedAt: EpochMs | undefined;
  readonly csrFingerprint: string | undefined;
  readonly clientId: string | undefined;
};

/**
 * @throws {AppError} unauthenticated: ERR_TOKEN_MALFORMED, ERR_TOKEN_PROVISIONER, ERR_PROVISIONER_DISABLED,
 *   ERR_TOKEN_BEFORE_START, ERR_TOKEN_SIGNATURE, ERR_TOKEN_CLAIM, ERR_TOKEN_AUDIENCE
 */
export async function verifyOneTimeToken(
  given: string,
  operation: TokenOperation,
  context: TokenContext,
  now: EpochMs,
): Promise<VerifiedToken> {
  const token = normalizeToken(given);
  const claims = readClaims(token);
  const provisioner = findProvisioner(claims, context);
  const { state } = provisioner;
  if (state.kind === 'uninitialized') throw provisionerDisabled(provisioner.name, state.reason);
  if (context.startedAt !== undefined && claims.issuedAt !== undefined && claims.issuedAt < context.startedAt) {
    throw tokenTooOld();
  }
  verifySignature(token, claims.header, state);
  if (claims.issuer !== provisioner.name) throw tokenClaim('iss', 'issuer is not the name of the provisioner');
  requireTimely(claims, now);
  const wanted = context.audiences[operation];
  if (!matchesAudience(claims.audience, wanted)) throw tokenAudience(claims.audience, wanted);
  if (claims.subject === '') throw tokenClaim('sub', 'subject is empty');
  return {
    provisioner: { ...provisioner, state },
    subject: claims.subject,
    sans: claims.sans.length === 0 ? [claims.subject] : claims.sans,
    csrFingerprint: claims.csrFingerprint,
    use: tokenUse(token, claims, now),
    claims: claims.all,
  };
}

/**
 * White space and base64 padding do not count (go-jose). Taken out first, so that a token without an id cannot be used
 * again in another spelling: stray bits, the last freedom left, do not decode.
 */
export const normalizeToken = (token: string): string => token.replace(/\s+/g, '').replace(/=+(?=\.|$)/g, '');

/** By id or, without one, by a hash of the token: the token itself is never kept. */
export function tokenUse(
  token: string,
  claims: { readonly id: string; readonly expiresAt: EpochMs | undefined },
  now: EpochMs,
): TokenUse {
  const key = claims.id === '' ? identify(token) : claims.id;
  // an end that no clock reaches is no end
  const ends = claims.expiresAt !== undefined && claims.expiresAt < Number.MAX_SAFE_INTEGER;
  return { key, expiresAt: ends ? claims.expiresAt : undefined, usedAt: now };
}

/**
 * Hash of what is signed and of the first half of the signature. The second half would let a token pass twice: whoever
 * has an ECDSA signature (r, s) can write another one, (r, n - s). The first half alone tells honest tokens apart.
 */
function identify(token: string): string {
  const end = token.lastIndexOf('.');
  const signature = Buffer.from(token.slice(end + 1), 'base64url');
  const fixed = signature.subarray(0, signature.length / 2);
  return createHash('sha256').update(token.slice(0, end)).update('.').update(fixed).digest('hex');
}

function verifySignature(token: string, header: JsonObject, state: Extract<ProvisionerState, { kind: 'ready' }>): void {
  const problem = findSignatureProblem(token, header, state);
  if (problem !== undefined) throw tokenSignature(new TypeError(problem));
}

/** As step-ca: by fragment, else by issuer and key id when the audience is of this CA, else by the client id. */
function findProvisioner(claims: Claims, { provisioners, audiences, dnsNames }: TokenContext): Provisioner {
  const fragment = audienceFragment(claims.audience);
  const known = fragment === '' ? audiences.any : audiences.any.map((audience) => `${audience}#${fragment}`);
  let found: Provisioner | undefined;
  if (matchesAudience(claims.audience, known)) {
    found = provisioners.findById(fragment === '' ? `${claims.issuer}:${claims.kid}` : fragment);
  } else {
    // tokens of identity providers carry their own audience; those of a JWK provisioner never get here
    const byClient = [claims.clientId, claims.audience[0]].flatMap((id) =>
      id ? (provisioners.findById(id) ?? []) : [],
    );
    found = byClient.find(({ type }) => type !== 'JWK');
  }
  if (!found) throw tokenProvisionerUnknown(claims.issuer, claims.kid, claims.audience, dnsNames);
  return found;
}

function readClaims(token: string): Claims {
  const { header, claims } = decode(token);
  requirePlainHeader(header);
  const { aud, iss, sub, jti, sans, cnf, azp } = claims;
  const audience = isString(aud) ? [aud] : (aud ?? []);
  for (const [name, value] of Object.entries({ iss, sub, jti, kid: header.kid })) {
    if (value !== undefined && value !== null && !isString(value)) throw tokenClaim(name, 'claim is not a text');
  }
  if (!isTextList(audience)) throw tokenClaim('aud', 'audience is not a text or a list of texts');
  if (sans !== undefined && sans !== null && !isTextList(sans))
    throw tokenClaim('sans', 'names are not a list of texts');
  return {
    header,
    all: claims,
    issuer: isString(iss) ? iss : '',
    kid: isString(header.kid) ? header.kid : '',
    audience,
    subject: isString(sub) ? sub : '',
    sans: isTextList(sans) ? sans : [],
    id: isString(jti) ? jti : '',
    expiresAt: readNumericDate(claims, 'exp'),
    notBefore: readNumericDate(claims, 'nbf'),
    issuedAt: readNumericDate(claims, 'iat'),
    csrFingerprint: readConfirmation(cnf),
    clientId: isString(azp) ? azp : undefined,
  };
}

function readConfirmation(cnf: unknown): string | undefined {
  if (cnf === undefined || cnf === null) return undefined;
  const fingerprint = typeof cnf === 'object' ? (cnf as Readonly<Record<string, unknown>>)['x5rt#S256'] : false;
  if (fingerprint === undefined || fingerprint === null || fingerprint === '') return undefined;
  // a binding that is not understood must not become "not bound"
  if (!isString(fingerprint)) throw tokenClaim('cnf', 'confirmation is malformed');
  return fingerprint;
}

function decode(token: string): ReturnType<typeof decodeJwt> {
  try {
    return decodeJwt(token);
  } catch (cause) {
    throw tokenMalformed(cause);
  }
}
