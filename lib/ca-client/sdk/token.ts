/**
 * What a one-time token says to its bearer: where the CA is, which root it has, and for which names the certificate
 * will be. Pure. Nothing is verified: whoever hands over a token is trusted to begin with, and the CA checks it.
 */
import { isAppError } from '../../errors/index.ts';
import { decodeJwt, type JsonObject } from '../../jwt/index.ts';
import { parseCaUrl, parseFingerprint } from '../addresses.ts';
import { tokenUnusable } from './errors.ts';

export type TokenContent = {
  readonly caUrl: URL;
  /** SHA-256 of the root, lower-case hex. */
  readonly rootFingerprint: string;
  readonly subject: string;
  /** Never empty. */
  readonly sans: readonly string[];
};

/**
 * @param caUrl address of the CA instead of the one in the token
 * @throws {AppError} ERR_SDK_TOKEN, ERR_CA_URL, ERR_FINGERPRINT_FORMAT (all invalid); the token is not repeated
 */
export function readToken(token: string, caUrl?: string | URL): TokenContent {
  const claims = decodeClaims(token);
  const { sub, sha, sans } = claims;
  if (typeof sub !== 'string' || sub === '') throw tokenUnusable('has no subject');
  if (typeof sha !== 'string' || sha === '') throw tokenUnusable('does not name the root of the CA (sha)');
  const names = Array.isArray(sans) ? sans.filter((san) => typeof san === 'string' && san !== '') : [];
  return {
    caUrl: caUrl === undefined ? audienceOf(claims) : parseCaUrl(String(caUrl)),
    rootFingerprint: parseFingerprint(sha),
    subject: sub,
    sans: names.length === 0 ? [sub] : names,
  };
}

function decodeClaims(token: string): JsonObject {
  try {
    return decodeJwt(token.trim()).claims;
  } catch (error) {
    if (isAppError(error)) throw tokenUnusable('is not a one-time token of a CA'); // the cause could quote it
    throw error;
  }
}

/** `aud` is one text or several; the CA is the host of the first https address. */
function audienceOf({ aud }: JsonObject): URL {
  const candidates: unknown[] = Array.isArray(aud) ? aud : [aud];
  const address = candidates.find((value) => typeof value === 'string' && value.startsWith('https://'));
  if (typeof address !== 'string') throw tokenUnusable('does not say where the CA is (aud)');
  return parseCaUrl(address);
}
