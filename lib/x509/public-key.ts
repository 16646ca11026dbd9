/**
 * SubjectPublicKeyInfo: which keys are accepted, and the key identifier. As strict as Go's parser, so that a key that
 * is accepted has exactly one encoding: named curves and uncompressed points only, NULL parameters for RSA and none
 * for Ed25519.
 */
import { createHash, createPublicKey, type KeyObject } from 'node:crypto';
import { DerReader, decodeBitString, Tag } from '../encoding/index.ts';
import { unsupportedPublicKey, unusablePublicKey } from './errors.ts';
import { oids } from './oids.ts';

export type PublicKeyInfo = {
  readonly type: 'RSA' | 'EC' | 'Ed25519';
  /** Size of the modulus or of the curve. */
  readonly bits: number;
  /** As step-ca prints it: `RSA 2048`, `ECDSA P-256`, `Ed25519`. */
  readonly description: string;
};

const curves: Readonly<Record<string, { readonly name: string; readonly bits: number }>> = {
  '1.3.132.0.33': { name: 'P-224', bits: 224 },
  '1.2.840.10045.3.1.7': { name: 'P-256', bits: 256 },
  '1.3.132.0.34': { name: 'P-384', bits: 384 },
  '1.3.132.0.35': { name: 'P-521', bits: 521 },
};

/** OpenSSL verifies nothing above this. */
const maxRsaBits = 16_384;

/** @throws {AppError} ERR_DER, ERR_PUBLIC_KEY (malformed), ERR_PUBLIC_KEY_KIND (not used here) */
export function parsePublicKeyInfo(der: Uint8Array): PublicKeyInfo {
  const { algorithm, keyBytes } = splitPublicKeyInfo(der);
  switch (algorithm.readOid()) {
    case oids.rsaEncryption:
      if (algorithm.read().tag !== Tag.null) throw unsupportedPublicKey('RSA parameters are not NULL');
      algorithm.end();
      return rsaInfo(keyBytes);
    case oids.ecPublicKey: {
      if (algorithm.nextTag !== Tag.oid) throw unsupportedPublicKey('its curve is not given by name');
      const curve = curves[algorithm.readOid()];
      algorithm.end();
      if (!curve) throw unsupportedPublicKey('its curve is not one of P-224, P-256, P-384 and P-521');
      if (keyBytes[0] !== 4 || keyBytes.length !== 1 + 2 * Math.ceil(curve.bits / 8)) {
        throw unsupportedPublicKey('its point is not in uncompressed form');
      }
      return { type: 'EC', bits: curve.bits, description: `ECDSA ${curve.name}` };
    }
    case oids.ed25519:
      algorithm.end();
      if (keyBytes.length !== 32) throw unsupportedPublicKey('an Ed25519 key has 32 bytes');
      return { type: 'Ed25519', bits: 256, description: 'Ed25519' };
    default:
      throw unusablePublicKey('its algorithm is not one of RSA, ECDSA and Ed25519');
  }
}

function rsaInfo(keyBytes: Buffer): PublicKeyInfo {
  const top = new DerReader(keyBytes, 'public key');
  const key = top.enter(Tag.sequence);
  top.end();
  const [modulus, exponent] = [key.readInteger(), key.readInteger()];
  key.end();
  const bits = modulus > 0n ? modulus.toString(2).length : 0;
  if (bits < 512 || bits > maxRsaBits) throw unsupportedPublicKey(`RSA modulus of ${bits} bits`);
  if (exponent <= 0n || exponent >= 2n ** 32n) throw unsupportedPublicKey('RSA exponent out of range');
  if (exponent < 3n || exponent % 2n === 0n || modulus % 2n === 0n) {
    throw unusablePublicKey('its RSA modulus or exponent is even or too small');
  }
  return { type: 'RSA', bits, description: `RSA ${bits}` };
}

/** The key as Node holds it; checks that an EC point is on its curve. @throws {AppError} ERR_PUBLIC_KEY */
export function importPublicKey(der: Uint8Array): KeyObject {
  try {
    // As PEM text: for an object with DER in it Node first throws and catches two errors, which takes longer than all else.
    const base64 = Buffer.from(der.buffer, der.byteOffset, der.byteLength).toString('base64');
    return createPublicKey(`-----BEGIN PUBLIC KEY-----\n${base64}\n-----END PUBLIC KEY-----\n`);
  } catch {
    throw unsupportedPublicKey('malformed'); // OpenSSL's reason names its source lines only
  }
}

/** SHA-1 of the public key bits (RFC 5280 4.2.1.2, method 1), an identifier and no protection. */
export function subjectKeyId(publicKeyDer: Uint8Array): Buffer {
  return createHash('sha1').update(splitPublicKeyInfo(publicKeyDer).keyBytes).digest();
}

function splitPublicKeyInfo(der: Uint8Array): { algorithm: DerReader; keyBytes: Buffer } {
  const what = 'public key';
  const top = new DerReader(der, what);
  const info = top.enter(Tag.sequence);
  top.end();
  const algorithm = info.enter(Tag.sequence);
  const keyBytes = decodeBitString(info.read(Tag.bitString), what);
  info.end();
  return { algorithm, keyBytes };
}
