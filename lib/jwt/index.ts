/**
 * JSON Web Tokens in compact form (RFC 7515, 7519): signed, taken apart without judging, or verified. It has no
 * dependency, since programs in other people's pods use it.
 *
 * Keep: `decodeJwt` verifies nothing; what it returns is what somebody claims.
 */
import { constants, type KeyObject, sign } from 'node:crypto';
import { decodeBase64url, encodeBase64url } from '../encoding/index.ts';
import { AppError } from '../errors/index.ts';
import { defaultAlgorithm, fitsKey, type JwtAlgorithm } from './algorithms.ts';
import { hasRepeatedMember } from './unique-members.ts';

export { defaultAlgorithm, type JwtAlgorithm, jwtAlgorithms } from './algorithms.ts';
export { findSignatureProblem } from './verify.ts';

export type JsonObject = Readonly<Record<string, unknown>>;
export type DecodedJwt = { readonly header: JsonObject; readonly claims: JsonObject };

/**
 * Signs claims. `alg` is put into the header; members of `header` follow it in their order.
 * @throws {TypeError} when the algorithm does not fit the key
 */
export function signJwt(token: {
  readonly header?: JsonObject;
  readonly claims: JsonObject;
  readonly key: KeyObject;
  readonly alg?: JwtAlgorithm;
}): string {
  const alg = token.alg ?? defaultAlgorithm(token.key);
  if (alg === undefined || !fitsKey(alg, token.key)) {
    throw new TypeError(`a ${token.key.asymmetricKeyType} key cannot sign ${alg ?? 'tokens'}`);
  }
  const header = encodeBase64url(JSON.stringify(Object.assign({ alg }, token.header, { alg })));
  const input = `${header}.${encodeBase64url(JSON.stringify(token.claims))}`;
  return `${input}.${encodeBase64url(signInput(Buffer.from(input, 'latin1'), token.key, alg))}`;
}

function signInput(input: Buffer, key: KeyObject, alg: JwtAlgorithm): Buffer {
  if (alg === 'EdDSA') return sign(null, input, key);
  const hash = `sha${alg.slice(2)}`;
  switch (alg.slice(0, 2)) {
    case 'ES':
      return sign(hash, input, { key, dsaEncoding: 'ieee-p1363' }); // RFC 7518 3.4: r and s, not DER
    case 'PS':
      return sign(hash, input, {
        key,
        padding: constants.RSA_PKCS1_PSS_PADDING,
        saltLength: constants.RSA_PSS_SALTLEN_DIGEST,
      });
    default:
      return sign(hash, input, key);
  }
}

/**
 * Header and claims of a compact token, unverified.
 * @throws {AppError} ERR_JWT (invalid); the message never holds a part of the token
 */
export function decodeJwt(token: string): DecodedJwt {
  const parts = token.split('.', 4);
  const [header, claims, signature] = parts;
  if (parts.length !== 3 || header === undefined || claims === undefined || signature === undefined) {
    throw invalidJwt('it does not have three parts');
  }
  decodePart(signature, 'signature');
  return { header: decodeObject(header, 'header'), claims: decodeObject(claims, 'claims') };
}

function decodePart(part: string, name: string): Buffer {
  try {
    return decodeBase64url(part);
  } catch {
    throw invalidJwt(`its ${name} is not base64url`);
  }
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function decodeObject(part: string, name: string): JsonObject {
  const bytes = decodePart(part, name);
  let text: string;
  let value: unknown;
  try {
    text = utf8.decode(bytes);
    value = JSON.parse(text);
  } catch {
    throw invalidJwt(`its ${name} is not JSON`); // the cause would quote the token
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw invalidJwt(`its ${name} is not a JSON object`);
  }
  if (hasRepeatedMember(text, value)) throw invalidJwt(`its ${name} has a member twice`);
  return value as JsonObject;
}

const invalidJwt = (problem: string): AppError =>
  new AppError('ERR_JWT', 'invalid', `token: ${problem}`, {
    hint: 'a token is three base64url texts joined by dots; look for a line break or a cut in it',
  });
