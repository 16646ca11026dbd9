/**
 * Files that commands read and write. A file that exists is overwritten only with --force or after a yes; the
 * question is put before the CA is asked, so that a no costs no token.
 */
import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  lstatSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { cancelled, fileExists, fileUnreadable, fileUnwritable } from './errors.ts';
import { askConsent } from './terminal/prompts.ts';
import type { Terminal } from './terminal/terminal.ts';

/** `-` is stdin. @throws {AppError} ERR_CLI_FILE (not-found) */
export function readInput(path: string): string {
  try {
    return readFileSync(path === '-' ? 0 : path, 'utf8');
  } catch (error) {
    throw fileUnreadable(path === '-' ? 'standard input' : path, error);
  }
}

/** A password from a file: white space at its end does not count, at its beginning it does (as in step). */
export const readPassword = (path: string): string => readInput(path).trimEnd();

/**
 * Makes sure that `path` may be written.
 * @throws {AppError} ERR_CLI_FILE, ERR_CLI_FILE_EXISTS, ERR_CLI_CANCELLED
 */
export async function confirmOverwrite(terminal: Terminal, path: string, force: boolean): Promise<void> {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found?.isDirectory()) throw fileUnwritable(path, new Error('it is a folder'));
  if (!found?.isFile() || force) return; // a device such as /dev/stdout holds nothing to lose
  if (!terminal.interactive) throw fileExists(path);
  const message = `Would you like to overwrite ${path}?`;
  if (!(await askConsent(terminal, { message, hint: 'give --force' }))) throw cancelled(`${path}: not overwritten`);
}

/**
 * Writes the whole file or nothing: to a new one beside it, then renamed over it. An existing file keeps its mode and
 * owner; a new one gets `mode`. Where a rename is impossible (a file mounted by itself) the file is written in place.
 * @throws {AppError} ERR_CLI_FILE (forbidden)
 */
export function saveFile(path: string, data: string, mode: number): void {
  try {
    const target = lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() ? realpathSync(path) : path;
    const found = statSync(target, { throwIfNoEntry: false });
    const isFile = found === undefined || found.isFile();
    const replaced = isFile && replaceFile(target, data, found?.mode ?? mode, found);
    if (!replaced) writeFileSync(target, data, { mode });
  } catch (error) {
    throw fileUnwritable(path, error);
  }
}

function replaceFile(
  target: string,
  data: string,
  mode: number,
  owner: { readonly uid: number; readonly gid: number } | undefined,
): boolean {
  const fresh = join(dirname(target), `.${basename(target)}.${randomBytes(6).toString('hex')}`);
  try {
    writeFileSync(fresh, data, { mode: 0o600, flag: 'wx', flush: true });
    chmodSync(fresh, mode & 0o777);
    if (owner) chownSync(fresh, owner.uid, owner.gid);
    renameSync(fresh, target);
    return true;
  } catch {
    // not allowed to create beside it, to give it away or to rename over it: writing in place will say why, if at all
    rmSync(fresh, { force: true });
    return false;
  }
}
