/**
 * Mode `atomic` for three files in one folder, as the kubelet writes mounted Secrets:
 *
 *   ..2026_01_01_00_00_00.Ab3xYz/   one generation: root.crt, site.crt, site.key
 *   ..data -> ..2026_…              replaced by rename, the one step that changes what readers see
 *   site.crt -> ..data/site.crt     never changes again
 *
 * Keep: before the rename everything that `..data` will lead to is durable, and after it nothing that a reader needs is
 * removed. Plain files of an earlier set first become a generation of their own with the same contents.
 */
import { basename, join } from 'node:path';
import { errnoOf } from './errors.ts';
import { type FileAttributes, type FileSystem, readIfThere, syncFolder, tryTo, writeNewFile } from './file-system.ts';
import { type CertificatePaths, type CertificateSet, type Member, members, textOf } from './paths.ts';

const currentLink = '..data';
const temporaryLink = '..data_tmp';
const generationName = /^\.\.\d{4}_\d\d_\d\d_\d\d_\d\d_\d\d\./;

type Contents = readonly { readonly name: string; readonly text: string; readonly attributes: FileAttributes }[];

/** Makes a generation of this set and shows it. On failure what readers see is unchanged. */
export function writeGeneration(
  files: FileSystem,
  folder: string,
  paths: CertificatePaths,
  set: CertificateSet,
  attributes: Readonly<Record<Member, FileAttributes>>,
): void {
  adoptPlainFiles(files, folder, paths);
  for (const member of members) linkName(files, folder, basename(paths[member]));
  const contents = members.map((member) => ({
    name: basename(paths[member]),
    text: textOf(set, member),
    attributes: attributes[member],
  }));
  showGeneration(files, folder, createGeneration(files, folder, contents));
  tryTo(() => removeOldGenerations(files, folder));
}

/** Path of the folder that holds the current generation, undefined when there is none. */
export function currentGeneration(files: FileSystem, folder: string): string | undefined {
  try {
    const target = files.readlinkSync(join(folder, currentLink));
    return generationName.test(target) ? join(folder, target) : undefined;
  } catch (error) {
    if (['ENOENT', 'EINVAL', 'ENOTDIR'].includes(errnoOf(error) ?? '')) return undefined;
    throw error;
  }
}

/** Whether this name leads through the link, so that it changes with the generation. */
export function isLinked(files: FileSystem, folder: string, name: string): boolean {
  try {
    return files.readlinkSync(join(folder, name)) === join(currentLink, name);
  } catch {
    return false; // not there, or no link
  }
}

/** Removes generations that no reader is led to, and links that were never put in place. */
export function removeOldGenerations(files: FileSystem, folder: string): void {
  const current = currentGeneration(files, folder);
  files.rmSync(join(folder, temporaryLink), { force: true });
  for (const name of files.readdirSync(folder)) {
    const path = join(folder, name);
    if (generationName.test(name) && path !== current) files.rmSync(path, { recursive: true, force: true });
  }
}

/** Old plain files become a generation with the same contents, so that replacing each by a link changes nothing. */
function adoptPlainFiles(files: FileSystem, folder: string, paths: CertificatePaths): void {
  const names = members.map((member) => basename(paths[member]));
  const plain = names.filter(
    (name) => !isLinked(files, folder, name) && files.statSync(join(folder, name), { throwIfNoEntry: false }),
  );
  if (plain.length === 0) return;
  const contents = names.flatMap((name) => {
    const path = join(folder, name);
    const text = readIfThere(files, path);
    if (text === undefined) return [];
    const { mode, uid, gid } = files.statSync(path);
    return [{ name, text, attributes: { mode: mode & 0o777, owner: { uid, gid } } }];
  });
  showGeneration(files, folder, createGeneration(files, folder, contents));
  for (const name of plain) linkName(files, folder, name);
}

/** Creates and fills a generation that nobody sees yet. @returns its name */
function createGeneration(files: FileSystem, folder: string, contents: Contents): string {
  const date = new Date().toISOString().slice(0, 19).replace(/[-T:]/g, '_');
  const path = files.mkdtempSync(join(folder, `..${date}.`));
  try {
    for (const { name, text, attributes } of contents) writeNewFile(files, join(path, name), text, attributes);
    files.chmodSync(path, 0o755); // other users of the pod look up names in it; the files have modes of their own
    syncFolder(files, path);
    return basename(path);
  } catch (error) {
    tryTo(() => files.rmSync(path, { recursive: true, force: true }));
    throw error;
  }
}

function showGeneration(files: FileSystem, folder: string, name: string): void {
  try {
    putLink(files, folder, name, currentLink);
  } catch (error) {
    tryTo(() => {
      // The failure may have come after the rename; then readers are led there already.
      if (currentGeneration(files, folder) === join(folder, name)) return;
      files.rmSync(join(folder, name), { recursive: true, force: true });
    });
    throw error;
  }
}

function linkName(files: FileSystem, folder: string, name: string): void {
  if (!isLinked(files, folder, name)) putLink(files, folder, join(currentLink, name), name);
}

function putLink(files: FileSystem, folder: string, target: string, name: string): void {
  const temporary = join(folder, temporaryLink);
  files.rmSync(temporary, { force: true });
  files.symlinkSync(target, temporary);
  files.renameSync(temporary, join(folder, name));
  syncFolder(files, folder);
}
