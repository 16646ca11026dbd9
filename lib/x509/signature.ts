/**
 * Signature algorithms of certificates and requests: AlgorithmIdentifier to node:crypto and back. SHA-1 and MD5 are
 * not in the table, so nothing signed with them is ever accepted.
 */
import { constants, type KeyObject, sign, verify } from 'node:crypto';
import { contextTag, integer, nullValue, oid, sequence, tlv } from '../encoding/index.ts';
import { issuerUnfit } from './errors.ts';

type Family = 'rsa' | 'rsa-pss' | 'ec' | 'ed25519';

export type SignatureAlgorithm = {
  /** As Go prints it: `ECDSA-SHA256`. */
  readonly name: string;
  readonly family: Family;
  readonly hash: 'sha256' | 'sha384' | 'sha512' | null;
  /** AlgorithmIdentifier. */
  readonly der: Buffer;
};

const sha2 = {
  sha256: { oid: '2.16.840.1.101.3.4.2.1', bytes: 32 },
  sha384: { oid: '2.16.840.1.101.3.4.2.2', bytes: 48 },
  sha512: { oid: '2.16.840.1.101.3.4.2.3', bytes: 64 },
} as const;
type Hash = keyof typeof sha2;

/** RSASSA-PSS-params (RFC 4055 3.1): same hash for MGF1, salt as long as the hash. */
function pssParameters(hash: Hash): Buffer {
  const hashAlgorithm = sequence(oid(sha2[hash].oid), nullValue());
  return sequence(
    tlv(contextTag(0, true), hashAlgorithm),
    tlv(contextTag(1, true), sequence(oid('1.2.840.113549.1.1.8'), hashAlgorithm)),
    tlv(contextTag(2, true), integer(sha2[hash].bytes)),
  );
}

const algorithm = (name: string, family: Family, hash: Hash | null, type: string, ...params: Buffer[]) => ({
  name,
  family,
  hash,
  der: sequence(oid(type), ...params),
});

const algorithms: readonly SignatureAlgorithm[] = [
  algorithm('ECDSA-SHA256', 'ec', 'sha256', '1.2.840.10045.4.3.2'),
  algorithm('ECDSA-SHA384', 'ec', 'sha384', '1.2.840.10045.4.3.3'),
  algorithm('ECDSA-SHA512', 'ec', 'sha512', '1.2.840.10045.4.3.4'),
  algorithm('SHA256-RSA', 'rsa', 'sha256', '1.2.840.113549.1.1.11', nullValue()),
  algorithm('SHA384-RSA', 'rsa', 'sha384', '1.2.840.113549.1.1.12', nullValue()),
  algorithm('SHA512-RSA', 'rsa', 'sha512', '1.2.840.113549.1.1.13', nullValue()),
  algorithm('SHA256-RSAPSS', 'rsa-pss', 'sha256', '1.2.840.113549.1.1.10', pssParameters('sha256')),
  algorithm('SHA384-RSAPSS', 'rsa-pss', 'sha384', '1.2.840.113549.1.1.10', pssParameters('sha384')),
  algorithm('SHA512-RSAPSS', 'rsa-pss', 'sha512', '1.2.840.113549.1.1.10', pssParameters('sha512')),
  algorithm('Ed25519', 'ed25519', null, '1.3.101.112'),
];

const byDer = new Map(algorithms.map((entry) => [entry.der.toString('hex'), entry]));
const byName = new Map(algorithms.map((entry) => [entry.name, entry]));

/** The algorithm of these AlgorithmIdentifier bytes; undefined when it is not in the table. */
export const findSignatureAlgorithm = (der: Buffer): SignatureAlgorithm | undefined => byDer.get(der.toString('hex'));

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
  return sign(algorithm.hash, data, { key, ...padding(algorithm) });
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
    return verify(algorithm.hash, data, { key, ...padding(algorithm) }, signature);
  } catch {
    return false; // OpenSSL throws for an RSA key too small for the hash, and the like
  }
}

function padding({ family, hash }: SignatureAlgorithm): { padding?: number; saltLength?: number } {
  if (family === 'rsa') return { padding: constants.RSA_PKCS1_PADDING };
  if (family === 'rsa-pss' && hash) return { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: sha2[hash].bytes };
  return {};
}
