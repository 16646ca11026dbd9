/** New keys and random text. The only place where randomness for keys is drawn. */
import { createHash, generateKeyPair, type KeyObject, randomBytes } from 'node:crypto';
import { promisify } from 'node:util';

/** Kinds of keys that are made here; EC-P256 is what the step CLI makes by default. */
export const keySpecs = ['EC-P256', 'EC-P384', 'EC-P521', 'RSA-2048', 'RSA-3072', 'RSA-4096', 'Ed25519'] as const;
export type KeySpec = (typeof keySpecs)[number];

const curveOf = { 'EC-P256': 'prime256v1', 'EC-P384': 'secp384r1', 'EC-P521': 'secp521r1' } as const;
const generate = promisify(generateKeyPair);

/** A new private key. Runs on the thread pool: RSA takes up to a second. */
export async function generatePrivateKey(spec: KeySpec = 'EC-P256'): Promise<KeyObject> {
  switch (spec) {
    case 'EC-P256':
    case 'EC-P384':
    case 'EC-P521':
      return (await generate('ec', { namedCurve: curveOf[spec] })).privateKey;
    case 'RSA-2048':
    case 'RSA-3072':
    case 'RSA-4096':
      return (await generate('rsa', { modulusLength: Number(spec.slice(4)) })).privateKey;
    case 'Ed25519':
      return (await generate('ed25519')).privateKey;
  }
}

/** Lower-case hex of `bytes` random bytes. */
export const randomHex = (bytes: number): string => randomBytes(bytes).toString('hex');

/** Lower-case hex of the SHA-256 of `bytes`. */
export const sha256Hex = (bytes: Uint8Array | string): string => createHash('sha256').update(bytes).digest('hex');
