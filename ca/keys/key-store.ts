/**
 * Where issuing keys are: a port, so that they need not be files. docs/decisions/keys.md says what a store in a key
 * management service has to do, and what has to change for it.
 */
import type { KeyObject } from 'node:crypto';

export interface KeyStore {
  /**
   * The private key that `key` of ca.json names: `reference` is that text. `askPassword` is called at most once, and only
   * for a key that wants a password. The key is held until the process ends or a reload asks again.
   * @throws {AppError} ERR_CA_FILE, ERR_CA_FILE_CONTENT (invalid; a wrong password too)
   */
  load(reference: string, askPassword: () => Promise<string | undefined>): Promise<KeyObject>;
}
