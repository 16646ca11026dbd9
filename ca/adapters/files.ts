/** Reads the files that ca.json names: certificates, the issuing key, passwords. */
import type { KeyObject } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { isEncryptedPrivateKeyPem, parsePrivateKeyPem } from '../../lib/crypto/index.ts';
import { type Certificate, parseCertificateChainPem } from '../../lib/x509/index.ts';
import { fileUnreadable, fileUnusable } from './errors.ts';

/** @throws {AppError} ERR_CA_FILE (invalid); `what` says whose file it is */
export async function readText(what: string, path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    throw fileUnreadable(what, path, cause);
  }
}

/** Every certificate of every file, in order. @throws {AppError} ERR_CA_FILE, ERR_CA_FILE_CONTENT (invalid) */
export async function loadCertificates(what: string, paths: readonly string[]): Promise<Certificate[]> {
  const certificates: Certificate[] = [];
  for (const path of paths) {
    const pem = await readText(what, path);
    try {
      certificates.push(...parseCertificateChainPem(pem));
    } catch (cause) {
      throw fileUnusable(what, path, cause);
    }
  }
  return certificates;
}

/**
 * The issuing key. `askPassword` is called only for an encrypted key.
 * @throws {AppError} ERR_CA_FILE, ERR_CA_FILE_CONTENT (invalid; a wrong password too)
 */
export async function loadKey(path: string, askPassword: () => Promise<string | undefined>): Promise<KeyObject> {
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
}

/** A password file without the white space at its end, which editors add; what stands before it is kept. */
export async function readPasswordFile(path: string): Promise<string> {
  return (await readText('password file', path)).replace(/\p{White_Space}+$/u, '');
}
