/** Reads the files that ca.json names: certificates, passwords. */
import { readFile } from 'node:fs/promises';
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

/** A password file without the white space at its end, which editors add; what stands before it is kept. */
export async function readPasswordFile(path: string): Promise<string> {
  return (await readText('password file', path)).replace(/\p{White_Space}+$/u, '');
}
