/** Names of signature and key algorithms as Go, and so step, prints them. */
import type { KeyObject } from 'node:crypto';
import { DerReader, Tag } from '../../lib/encoding/index.ts';

const signatureNames: Readonly<Record<string, string>> = {
  '1.2.840.113549.1.1.4': 'MD5-RSA',
  '1.2.840.113549.1.1.5': 'SHA1-RSA',
  '1.2.840.113549.1.1.11': 'SHA256-RSA',
  '1.2.840.113549.1.1.12': 'SHA384-RSA',
  '1.2.840.113549.1.1.13': 'SHA512-RSA',
  '1.2.840.10045.4.1': 'ECDSA-SHA1',
  '1.2.840.10045.4.3.2': 'ECDSA-SHA256',
  '1.2.840.10045.4.3.3': 'ECDSA-SHA384',
  '1.2.840.10045.4.3.4': 'ECDSA-SHA512',
  '1.3.101.112': 'Ed25519',
};

const rsaPss = '1.2.840.113549.1.1.10';
const pssHashes: Readonly<Record<string, string>> = {
  '2.16.840.1.101.3.4.2.1': 'SHA256-RSAPSS',
  '2.16.840.1.101.3.4.2.2': 'SHA384-RSAPSS',
  '2.16.840.1.101.3.4.2.3': 'SHA512-RSAPSS',
};

/** @param parameters DER of the algorithm's parameters; with RSA-PSS the hash is in there */
export function algorithmName(oid: string, parameters: Uint8Array | undefined): string {
  if (oid === rsaPss && parameters) {
    const hash = new DerReader(parameters, 'RSA-PSS parameters').enter(Tag.sequence).readOptional(0xa0);
    const hashOid = hash && new DerReader(hash.content, 'RSA-PSS hash').enter(Tag.sequence).readOid();
    return pssHashes[hashOid ?? ''] ?? oid;
  }
  return signatureNames[oid] ?? oid;
}

const curveNames: Readonly<Record<string, string>> = {
  prime256v1: 'P-256',
  secp384r1: 'P-384',
  secp521r1: 'P-521',
};

/** `ECDSA`, `RSA`, `Ed25519`, else what OpenSSL calls it. */
export function keyAlgorithmName(key: KeyObject): string {
  switch (key.asymmetricKeyType) {
    case 'ec':
      return 'ECDSA';
    case 'rsa':
    case 'rsa-pss':
      return 'RSA';
    case 'ed25519':
      return 'Ed25519';
    default:
      return key.asymmetricKeyType ?? 'unknown';
  }
}

export const curveName = (key: KeyObject): string => {
  const name = key.asymmetricKeyDetails?.namedCurve ?? 'unknown';
  return curveNames[name] ?? name;
};

/** Bits as `certificate inspect` counts them. */
export function keyBits(key: KeyObject): number {
  const details = key.asymmetricKeyDetails;
  if (details?.modulusLength) return details.modulusLength;
  const curve = /(\d+)/.exec(curveName(key))?.[1];
  return key.asymmetricKeyType === 'ec' ? Number(curve ?? 0) : 256;
}

/** `ECDSA P-256`, `RSA 2048`, `Ed25519 256` */
export const keySummary = (key: KeyObject): string =>
  `${keyAlgorithmName(key)} ${key.asymmetricKeyType === 'ec' ? curveName(key) : keyBits(key)}`;

/** The numbers of a public key, big-endian. */
export type KeyNumbers =
  | { readonly type: 'ec'; readonly x: Buffer; readonly y: Buffer }
  | { readonly type: 'rsa'; readonly modulus: Buffer; readonly exponent: number }
  | { readonly type: 'other'; readonly bytes: Buffer };

/** @param publicKeyDer SPKI of `key` */
export function keyNumbers(key: KeyObject, publicKeyDer: Uint8Array): KeyNumbers {
  const jwk = key.asymmetricKeyType === 'rsa-pss' ? {} : key.export({ format: 'jwk' });
  const number = (text: string | undefined): Buffer => Buffer.from(text ?? '', 'base64url');
  if (jwk.kty === 'EC') return { type: 'ec', x: number(jwk.x), y: number(jwk.y) };
  if (jwk.kty === 'RSA')
    return { type: 'rsa', modulus: number(jwk.n), exponent: number(jwk.e).readUIntBE(0, number(jwk.e).length) };
  const spki = new DerReader(publicKeyDer, 'public key').enter(Tag.sequence);
  spki.read();
  return { type: 'other', bytes: spki.read(Tag.bitString).content.subarray(1) };
}

/** Go prints numbers, not field elements: their length varies. */
export function withoutLeadingZeros(number: Buffer): Buffer {
  const first = number.findIndex((byte) => byte !== 0);
  return number.subarray(first < 0 ? number.length : first);
}
