/** Signature algorithms of tokens, and which key each one goes with. */
import type { KeyObject } from 'node:crypto';

/** Signature algorithms of RFC 7518 3.1 and RFC 8037 that use a key pair. */
export const jwtAlgorithms = [
  'ES256',
  'ES384',
  'ES512',
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'EdDSA',
] as const;
export type JwtAlgorithm = (typeof jwtAlgorithms)[number];

export const isJwtAlgorithm = (text: string): text is JwtAlgorithm =>
  (jwtAlgorithms as readonly string[]).includes(text);

const algorithmOfCurve: Readonly<Record<string, JwtAlgorithm>> = {
  prime256v1: 'ES256',
  secp384r1: 'ES384',
  secp521r1: 'ES512',
};

/** What step signs with this key by default; undefined when no algorithm fits. */
export function defaultAlgorithm(key: KeyObject): JwtAlgorithm | undefined {
  switch (key.asymmetricKeyType) {
    case 'ec':
      return algorithmOfCurve[key.asymmetricKeyDetails?.namedCurve ?? ''];
    case 'rsa':
      return 'RS256';
    case 'ed25519':
      return 'EdDSA';
    default:
      return undefined;
  }
}

/** Whether a key of this kind makes or verifies such signatures. */
export function fitsKey(alg: JwtAlgorithm, key: KeyObject): boolean {
  if (alg.startsWith('ES') || alg === 'EdDSA') return defaultAlgorithm(key) === alg;
  return key.asymmetricKeyType === 'rsa';
}
