/** Public halves of keys: their encoding and comparison. */
import { createPublicKey, type KeyObject } from 'node:crypto';

/** SubjectPublicKeyInfo (RFC 5280 4.1.2.7) of a private or public key. */
export function publicKeyDer(key: KeyObject): Buffer {
  const publicKey = key.type === 'private' ? createPublicKey(key) : key;
  return publicKey.export({ type: 'spki', format: 'der' });
}

/** Whether both are halves of one key pair, or the same half. */
export function isSamePublicKey(a: KeyObject, b: KeyObject): boolean {
  return publicKeyDer(a).equals(publicKeyDer(b));
}
