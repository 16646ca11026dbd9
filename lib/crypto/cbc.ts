/** The block ciphers of encrypted key files, in CBC mode with PKCS#7 padding. Only read: what is written is AES-256. */
import { createDecipheriv } from 'node:crypto';
import { keyPasswordWrong } from './errors.ts';

export type CbcCipher = { readonly name: string; readonly keyBytes: number; readonly ivBytes: number };

/** By the names that DEK-Info uses. */
export const cbcCiphers = {
  'AES-128-CBC': { name: 'aes-128-cbc', keyBytes: 16, ivBytes: 16 },
  'AES-192-CBC': { name: 'aes-192-cbc', keyBytes: 24, ivBytes: 16 },
  'AES-256-CBC': { name: 'aes-256-cbc', keyBytes: 32, ivBytes: 16 },
  'DES-EDE3-CBC': { name: 'des-ede3-cbc', keyBytes: 24, ivBytes: 8 },
  'DES-CBC': { name: 'des-cbc', keyBytes: 8, ivBytes: 8 },
} as const satisfies Record<string, CbcCipher>;

/** Bad padding means a wrong password. @throws {AppError} ERR_KEY_PASSWORD */
export function decryptCbc(cipher: CbcCipher, key: Uint8Array, iv: Uint8Array, encrypted: Uint8Array): Buffer {
  // Node has no DES of its own, but triple DES with one key three times is DES
  const single = cipher.name === 'des-cbc';
  const decipher = createDecipheriv(
    single ? 'des-ede3-cbc' : cipher.name,
    single ? Buffer.concat([key, key, key]) : key,
    iv,
  );
  try {
    return Buffer.concat([decipher.update(encrypted), decipher.final()]);
  } catch {
    throw keyPasswordWrong(); // OpenSSL's reason says nothing more
  }
}
