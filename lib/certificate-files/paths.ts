/** Where the three files are. Custom images set the paths by CRT, KEY and STEP_ROOT, so nothing here is fixed. Pure. */
import { basename, dirname, isAbsolute, join, normalize } from 'node:path';
import { badPaths } from './errors.ts';

/** Absolute paths of the three files of a set. */
export type CertificatePaths = {
  /** PEM, every root of the CA. */
  readonly root: string;
  /** PEM, leaf then intermediates. */
  readonly certificate: string;
  /** PEM, private key of the leaf. */
  readonly key: string;
};

/** One set, as text of the three files. The key is a secret. */
export type CertificateSet = {
  readonly rootPem: string;
  readonly chainPem: string;
  readonly keyPem: string;
};

/** The three, in the order in which they are written: whoever watches the certificate finds the key already there. */
export const members = ['root', 'key', 'certificate'] as const;
export type Member = (typeof members)[number];

/** The text of a member. */
export function textOf(set: CertificateSet, member: Member): string {
  return member === 'root' ? set.rootPem : member === 'key' ? set.keyPem : set.chainPem;
}

/** The three as upstream names them, in one folder. */
export function pathsIn(folder: string): CertificatePaths {
  return { root: join(folder, 'root.crt'), certificate: join(folder, 'site.crt'), key: join(folder, 'site.key') };
}

/** @throws {AppError} ERR_CERTIFICATE_PATHS (invalid) */
export function validatePaths(paths: CertificatePaths): CertificatePaths {
  const all = members.map((member) => paths[member]);
  for (const path of all) {
    if (!isAbsolute(path)) throw badPaths(`${JSON.stringify(path)} is not an absolute path`);
    if (path.endsWith('/')) throw badPaths(`${JSON.stringify(path)} is a folder`);
    // Names with two dots are ours: generations, the link to the current one, the journal.
    if (basename(path).startsWith('..')) throw badPaths(`${JSON.stringify(path)} has a name that is kept for us`);
  }
  const [root = '', key = '', certificate = ''] = all.map(normalize);
  if (root === key || root === certificate || key === certificate) throw badPaths('two of the three paths are equal');
  return { root, key, certificate };
}

/** The folder that all three are in, undefined when they are spread. */
export function commonFolder(paths: CertificatePaths): string | undefined {
  const [first, ...others] = foldersOf(paths);
  return others.length === 0 ? first : undefined;
}

/** Every folder that holds one of them, once. */
export function foldersOf(paths: CertificatePaths): string[] {
  return [...new Set(members.map((member) => dirname(paths[member])))];
}
