/**
 * The few file operations that sets are written with, on a port, so that a test can end the world at any one of them.
 * Synchronous on purpose: a signal that arrives is handled after a write, never in the middle of one.
 *
 * Keep: a file has its final owner and mode before its first byte is written.
 */
import fs from 'node:fs';
import { dirname } from 'node:path';
import { errnoOf } from './errors.ts';

/** What is used of `node:fs`. */
export type FileSystem = Pick<
  typeof fs,
  | 'chmodSync'
  | 'closeSync'
  | 'fchmodSync'
  | 'fchownSync'
  | 'fstatSync'
  | 'fsyncSync'
  | 'ftruncateSync'
  | 'lstatSync'
  | 'mkdirSync'
  | 'mkdtempSync'
  | 'openSync'
  | 'readdirSync'
  | 'readFileSync'
  | 'readlinkSync'
  | 'renameSync'
  | 'rmSync'
  | 'statSync'
  | 'symlinkSync'
  | 'unlinkSync'
  | 'writeSync'
>;

/** The real one. */
export const systemFiles: FileSystem = fs;

export type FileOwner = { readonly uid: number; readonly gid?: number | undefined };

export type FileAttributes = {
  /** Permission bits. */
  readonly mode: number;
  /** Left as it is when absent. */
  readonly owner?: FileOwner | undefined;
};

const { O_CREAT, O_EXCL, O_RDWR, O_WRONLY } = fs.constants;

/** Creates a file that must not exist, durable when this returns. */
export function writeNewFile(files: FileSystem, path: string, text: string, attributes: FileAttributes): void {
  withOpen(files, path, O_WRONLY | O_CREAT | O_EXCL, (fd) => {
    applyAttributes(files, fd, attributes);
    writeAll(files, fd, Buffer.from(text));
    files.fsyncSync(fd);
  });
}

/**
 * Replaces the contents of a file, keeping the inode, so that a watcher sees `modify`. The new text goes over the old
 * one before the rest is cut off: a reader never finds the file empty. Untouched when it holds the text already.
 */
export function overwriteFile(files: FileSystem, path: string, text: string, attributes: FileAttributes): void {
  removeDanglingLink(files, path);
  makeWritable(files, path);
  withOpen(files, path, O_RDWR | O_CREAT, (fd) => {
    applyAttributes(files, fd, attributes);
    const bytes = Buffer.from(text);
    if (bytes.equals(files.readFileSync(fd))) return;
    writeAll(files, fd, bytes);
    files.ftruncateSync(fd, bytes.length);
    files.fsyncSync(fd);
  });
}

/** Replaces a file by a new one under the same name: a reader finds the old or the new, whole. */
export function replaceFile(files: FileSystem, path: string, text: string, attributes: FileAttributes): void {
  const temporary = `${path}.autocert-tmp`;
  files.rmSync(temporary, { force: true });
  try {
    writeNewFile(files, temporary, text, attributes);
    files.renameSync(temporary, path);
  } catch (error) {
    tryTo(() => files.rmSync(temporary, { force: true }));
    throw error;
  }
  syncFolder(files, dirname(path));
}

/** Makes created, renamed and removed names of a folder durable. */
export function syncFolder(files: FileSystem, folder: string): void {
  const fd = files.openSync(folder, 'r');
  try {
    files.fsyncSync(fd);
  } catch (error) {
    if (errnoOf(error) !== 'EINVAL') throw error; // file systems that have no such operation
  } finally {
    files.closeSync(fd);
  }
}

/** The text of a file, undefined when there is none. */
export function readIfThere(files: FileSystem, path: string): string | undefined {
  try {
    return files.readFileSync(path, 'utf8');
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** For clean-up after a failure: its own failure must not hide the first one. */
export function tryTo(action: () => void): void {
  try {
    action();
  } catch {
    // the next write cleans up
  }
}

/** Created for the owner alone; `applyAttributes` opens it up before anything is in it. */
function withOpen(files: FileSystem, path: string, flags: number, use: (fd: number) => void): void {
  const fd = files.openSync(path, flags, 0o600);
  try {
    use(fd);
  } finally {
    files.closeSync(fd);
  }
}

function applyAttributes(files: FileSystem, fd: number, { mode, owner }: FileAttributes): void {
  const now = files.fstatSync(fd);
  if (owner && (now.uid !== owner.uid || (owner.gid !== undefined && now.gid !== owner.gid))) {
    files.fchownSync(fd, owner.uid, owner.gid ?? -1);
  }
  if ((now.mode & 0o7777) !== mode) files.fchmodSync(fd, mode);
}

function writeAll(files: FileSystem, fd: number, bytes: Buffer): void {
  for (let done = 0; done < bytes.length; ) done += files.writeSync(fd, bytes, done, bytes.length - done, done);
}

function removeDanglingLink(files: FileSystem, path: string): void {
  const link = files.lstatSync(path, { throwIfNoEntry: false });
  if (link?.isSymbolicLink() && !files.statSync(path, { throwIfNoEntry: false })) files.unlinkSync(path);
}

/** A mode such as 0400 shuts out its own owner, unless that is root. Whoever may not change it finds out at opening. */
function makeWritable(files: FileSystem, path: string): void {
  const now = files.statSync(path, { throwIfNoEntry: false });
  if (now && (now.mode & 0o200) === 0) tryTo(() => files.chmodSync(path, 0o600));
}
