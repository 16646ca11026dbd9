/** Keys in PEM files, encrypted or not, in every form that step writes or reads. */
import { isEncryptedPrivateKeyPem, parsePrivateKeyPem } from '../../lib/crypto/index.ts';
import { fileUnusable } from '../adapters/errors.ts';
import { readText } from '../adapters/files.ts';
import type { KeyStore } from './key-store.ts';

/** References are paths. */
export const fileKeyStore: KeyStore = {
  async load(path, askPassword) {
    const pem = await readText('key', path);
    const understand = <Result>(read: () => Result): Result => {
      try {
        return read();
      } catch (cause) {
        throw fileUnusable('key', path, cause);
      }
    };
    const password = understand(() => isEncryptedPrivateKeyPem(pem)) ? await askPassword() : undefined;
    return understand(() => parsePrivateKeyPem(pem, password));
  },
};
