/**
 * Signature algorithms of certificates and requests: AlgorithmIdentifier to node:crypto and back. MD5 is in no table, and
 * SHA-1 in that of requests only: there it proves the possession of a key, and nobody trusts what it says.
 */
import { constants, type KeyObject, type SignKeyObjectInput, sign, verify } from 'node:crypto';
import { contextTag, integer, nullValue, oid, sequence, tlv } from '../encoding/index.ts';
import { issuerUnfit } from './errors.ts';
import { oids } from './oids.ts';

type Hash = 'sha256' | 'sha384' | 'sha512';
type Family = 'rsa' | 'rsa-pss' | 'ec' | 'ed25519';

export type SignatureAlgorithm = {
  /** As Go prints it: `ECDSA-SHA256`. */
  readonly name: string;
  readonly family: Family;
  readonly hash: 'sha1' | Hash | null;
  /** AlgorithmIdentifier as it is written here. */
  readonly der: Buffer;
};

const sha2 = {
  sha256: { oid: '2.16.840.1.101.3.4.2.1', bytes: 32 },
  sha384: { oid: '2.16.840.1.101.3.4.2.2', bytes: 48 },
  sha512: { oid: '2.16.840.1.101.3.4.2.3', bytes: 64 },
} as const satisfies Record<Hash, unknown>;

/** RSASSA-PSS-params (RFC 4055 3.1): same hash for MGF1, salt as long as the hash. `params` of the hash: NULL or nothing. */
function pssParameters(hash: Hash, ...params: Buffer[]): Buffer {
  const hashAlgorithm = sequence(oid(sha2[hash].oid), ...params);
  return sequence(
    tlv(contextTag(0, true), hashAlgorithm),
    tlv(contextTag(1, true), sequence(oid('1.2.840.113549.1.1.8'), hashAlgorithm)),
    tlv(contextTag(2, true), integer(sha2[hash].bytes)),
  );
}

type Entry = SignatureAlgorithm & {
  /** The other spelling of the parameters: RFC 4055 2.1 wants both accepted, and writers of both exist. */
  readonly otherDer: Buffer;
};

function ecdsa(name: string, hash: 'sha1' | Hash, type: string): Entry {
  return { name, family: 'ec', hash, der: sequence(oid(type)), otherDer: sequence(oid(type), nullValue()) };
}

function rsa(name: string, hash: 'sha1' | Hash, type: string): Entry {
  return { name, family: 'rsa', hash, der: sequence(oid(type), nullValue()), otherDer: sequence(oid(type)) };
}

function rsaPss(name: string, hash: Hash): Entry {
  const type = oid('1.2.840.113549.1.1.10');
  const [der, otherDer] = [sequence(type, pssParameters(hash, nullValue())), sequence(type, pssParameters(hash))];
  return { name, family: 'rsa-pss', hash, der, otherDer };
}

const ed25519Der = sequence(oid(oids.ed25519)); // RFC 8410 3: parameters must be absent

const algorithms: readonly Entry[] = [
  ecdsa('ECDSA-SHA256', 'sha256', '1.2.840.10045.4.3.2'),
  ecdsa('ECDSA-SHA384', 'sha384', '1.2.840.10045.4.3.3'),
  ecdsa('ECDSA-SHA512', 'sha512', '1.2.840.10045.4.3.4'),
  rsa('SHA256-RSA', 'sha256', '1.2.840.113549.1.1.11'),
  rsa('SHA384-RSA', 'sha384', '1.2.840.113549.1.1.12'),
  rsa('SHA512-RSA', 'sha512', '1.2.840.113549.1.1.13'),
  rsaPss('SHA256-RSAPSS', 'sha256'),
  rsaPss('SHA384-RSAPSS', 'sha384'),
  rsaPss('SHA512-RSAPSS', 'sha512'),
  { name: 'Ed25519', family: 'ed25519', hash: null, der: ed25519Der, otherDer: ed25519Der },
];

const requestAlgorithms: readonly Entry[] = [
  ...algorithms,
  ecdsa('ECDSA-SHA1', 'sha1', '1.2.840.10045.4.1'),
  rsa('SHA1-RSA', 'sha1', '1.2.840.113549.1.1.5'),
];

const indexByDer = (entries: readonly Entry[]): ReadonlyMap<string, SignatureAlgorithm> =>
  new Map(entries.flatMap((entry) => [entry.der, entry.otherDer].map((der) => [der.toString('hex'), entry])));

const byDer = indexByDer(algorithms);
const requestsByDer = indexByDer(requestAlgorithms);
const byName = new Map(algorithms.map((entry) => [entry.name, entry]));

/** The algorithm of these AlgorithmIdentifier bytes; undefined when it is not in the table. */
export const findSignatureAlgorithm = (der: Buffer): SignatureAlgorithm | undefined => byDer.get(der.toString('hex'));

/** The same for the signature of a certificate request. */
export const findRequestSignatureAlgorithm = (der: Buffer): SignatureAlgorithm | undefined =>
  requestsByDer.get(der.toString('hex'));

/**
 * What a key signs with: ECDSA with the hash of its curve's size, Ed25519, SHA256-RSA. An RSA issuer keeps the hash
 * and padding its own certificate was signed with, as step-ca does (`own`).
 * @throws {AppError} ERR_ISSUER (a key that signs nothing here)
 */
export function signatureAlgorithmFor(key: KeyObject, own?: SignatureAlgorithm): SignatureAlgorithm {
  const name = algorithmName(key, own);
  const found = name === undefined ? undefined : byName.get(name);
  if (!found) throw issuerUnfit(`its key type ${key.asymmetricKeyType} does not sign certificates`);
  return found;
}

/** By its name in any case; undefined when there is none of that name that this key can sign with. */
export function findAlgorithmOfKey(key: KeyObject, name: string): SignatureAlgorithm | undefined {
  const found = algorithms.find((entry) => entry.name.toLowerCase() === name.toLowerCase());
  const family = found?.family === 'rsa-pss' ? 'rsa' : found?.family;
  return family === key.asymmetricKeyType ? found : undefined;
}

function algorithmName(key: KeyObject, own: SignatureAlgorithm | undefined): string | undefined {
  switch (key.asymmetricKeyType) {
    case 'ec':
      return (
        { secp384r1: 'ECDSA-SHA384', secp521r1: 'ECDSA-SHA512' }[key.asymmetricKeyDetails?.namedCurve ?? ''] ??
        'ECDSA-SHA256'
      );
    case 'rsa':
      return own?.family === 'rsa' || own?.family === 'rsa-pss' ? own.name : 'SHA256-RSA';
    case 'ed25519':
      return 'Ed25519';
    default:
      return undefined;
  }
}

/** Signature over `data`; ECDSA in DER form. */
export function signData(data: Uint8Array, key: KeyObject, algorithm: SignatureAlgorithm): Buffer {
  return sign(algorithm.hash, data, withPadding(key, algorithm));
}

/** Whether the signature is the key's. A key of another family than the algorithm's is false, not an error. */
export function verifyData(
  data: Uint8Array,
  signature: Uint8Array,
  key: KeyObject,
  algorithm: SignatureAlgorithm,
): boolean {
  const family = algorithm.family === 'rsa-pss' ? 'rsa' : algorithm.family;
  if (key.asymmetricKeyType !== family) return false;
  try {
    return verify(algorithm.hash, data, withPadding(key, algorithm), signature);
  } catch {
    return false; // OpenSSL throws for an RSA key too small for the hash, and the like
  }
}

/**
 * PSS needs options; for the rest Node's own defaults are right (PKCS#1 v1.5 for RSA, DER for ECDSA), and a bare key
 * costs a third less than one with options, behind which Node throws and catches an error.
 */
function withPadding(key: KeyObject, { family, hash }: SignatureAlgorithm): KeyObject | SignKeyObjectInput {
  if (family !== 'rsa-pss' || !hash || hash === 'sha1') return key;
  return { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: sha2[hash].bytes };
}
