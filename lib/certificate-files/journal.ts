/**
 * Writes three files one after another such that a crash in between can be completed: mode `in-place`, and mode
 * `atomic` for files in several folders, which no single rename can change together.
 *
 *   1. the whole new set is written to `..pending_tmp` beside the certificate, durable
 *   2. `..pending_tmp` is renamed to `..pending`: from here on the new set is the set
 *   3. root, key and certificate are written under their names
 *   4. `..pending` is removed
 *
 * Keep: a crash before 2 leaves the old set and garbage; one after 2 is completed by whoever looks next, and until then
 * `..pending` is what counts. An error in 3 (full disk) puts back what was there and removes `..pending`.
 */
import { dirname, join } from 'node:path';
import {
  type FileAttributes,
  type FileSystem,
  overwriteFile,
  readIfThere,
  replaceFile,
  syncFolder,
  tryTo,
  writeNewFile,
} from './file-system.ts';
import { type CertificatePaths, type CertificateSet, foldersOf, type Member, members, textOf } from './paths.ts';

/** `overwrite` keeps the inode, `replace` never shows half a file. */
export type Technique = 'overwrite' | 'replace';

type Attributes = Readonly<Record<Member, FileAttributes>>;

const committed = (paths: CertificatePaths): string => join(dirname(paths.certificate), '..pending');
const uncommitted = (paths: CertificatePaths): string => join(dirname(paths.certificate), '..pending_tmp');

/** On failure what was there before is there again. */
export function writeThroughJournal(
  files: FileSystem,
  paths: CertificatePaths,
  set: CertificateSet,
  technique: Technique,
  attributes: Attributes,
): void {
  const before = members.map((member) => ({ member, text: readIfThere(files, paths[member]) }));
  commit(files, paths, set, attributes);
  try {
    apply(files, paths, set, technique, attributes);
  } catch (error) {
    tryTo(() => {
      for (const { member, text } of before) restore(files, paths[member], text, attributes[member]);
      discard(files, paths);
    });
    throw error;
  }
  tryTo(() => discard(files, paths)); // if it stays, the next look writes the same set again
}

/** The set that was committed and perhaps not yet written under its names. */
export function readPending(files: FileSystem, paths: CertificatePaths): CertificateSet | undefined {
  const folder = committed(paths);
  const [rootPem, keyPem, chainPem] = members.map((member) => readIfThere(files, join(folder, member)));
  return rootPem && keyPem && chainPem ? { rootPem, keyPem, chainPem } : undefined;
}

/** Completes what a crash interrupted. @returns whether there was something */
export function completePending(
  files: FileSystem,
  paths: CertificatePaths,
  technique: Technique,
  attributes: Attributes,
): boolean {
  const set = readPending(files, paths);
  if (set) apply(files, paths, set, technique, attributes);
  discard(files, paths);
  return set !== undefined;
}

function commit(files: FileSystem, paths: CertificatePaths, set: CertificateSet, attributes: Attributes): void {
  const folder = uncommitted(paths);
  discard(files, paths);
  try {
    files.mkdirSync(folder, { mode: 0o700 });
    for (const member of members) writeNewFile(files, join(folder, member), textOf(set, member), attributes[member]);
    syncFolder(files, folder);
    files.renameSync(folder, committed(paths));
    syncFolder(files, dirname(folder));
  } catch (error) {
    tryTo(() => discard(files, paths));
    throw error;
  }
}

function apply(
  files: FileSystem,
  paths: CertificatePaths,
  set: CertificateSet,
  technique: Technique,
  attributes: Attributes,
): void {
  const write = technique === 'overwrite' ? overwriteFile : replaceFile;
  for (const member of members) write(files, paths[member], textOf(set, member), attributes[member]);
  for (const folder of foldersOf(paths)) syncFolder(files, folder);
}

function restore(files: FileSystem, path: string, text: string | undefined, attributes: FileAttributes): void {
  if (text === undefined) files.rmSync(path, { force: true });
  else overwriteFile(files, path, text, attributes);
}

/** Renamed first: a journal that is half removed must not look like a committed one. */
function discard(files: FileSystem, paths: CertificatePaths): void {
  files.rmSync(uncommitted(paths), { recursive: true, force: true });
  if (!files.lstatSync(committed(paths), { throwIfNoEntry: false })) return;
  files.renameSync(committed(paths), uncommitted(paths));
  files.rmSync(uncommitted(paths), { recursive: true, force: true });
}
