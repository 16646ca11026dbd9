/**
 * The three files of a pod: root, certificate, key; written as one set and read back as one.
 *
 * What is guaranteed, whatever ends the program or the machine, and when (docs/reference/certificate-files.md):
 *
 *   atomic, one folder       the three names always lead to one matching set, old or new
 *   atomic, several folders  each file is always whole; the three match once a program of ours has looked again
 *   in-place                 the same, and a reader may catch a file while it is being written
 *
 * `readCertificateSet` sees a matching set in every case.
 */
import { basename, dirname, join } from 'node:path';
import { volumeError } from './errors.ts';
import {
  type FileAttributes,
  type FileOwner,
  type FileSystem,
  readIfThere,
  systemFiles,
  tryTo,
  writeNewFile,
} from './file-system.ts';
import { currentGeneration, isLinked, removeOldGenerations, writeGeneration } from './generations.ts';
import { completePending, readPending, type Technique, writeThroughJournal } from './journal.ts';
import { type CertificatePaths, type CertificateSet, commonFolder, foldersOf, type Member, members } from './paths.ts';

/** `atomic`: all at once by a link; `in-place`: over the old text, for programs that watch for `modify`. */
export type WriteMode = 'atomic' | 'in-place';

export type WriteOptions = {
  readonly mode: WriteMode;
  /** Permission bits of root and certificate. */
  readonly publicMode: number;
  /** Permission bits of the key, in force before its first byte is written. */
  readonly keyMode: number;
  /** Who owns the three; left alone when absent. */
  readonly owner?: FileOwner | undefined;
};

/**
 * Writes the set; durable when this returns. On failure what was there before is there still.
 * @throws {AppError} ERR_VOLUME_FULL, ERR_VOLUME_READ_ONLY, ERR_VOLUME_IO (unavailable), ERR_VOLUME_MISSING (not-found),
 *   ERR_VOLUME_PERMISSION (forbidden)
 */
export function writeCertificateSet(
  paths: CertificatePaths,
  set: CertificateSet,
  options: WriteOptions,
  files: FileSystem = systemFiles,
): void {
  recoverCertificateSet(paths, options, files);
  const folder = commonFolder(paths);
  guard(paths, () => {
    if (options.mode === 'atomic' && folder) writeGeneration(files, folder, paths, set, attributesFor(options));
    else writeThroughJournal(files, paths, set, techniqueFor(options), attributesFor(options));
  });
}

/**
 * Completes a write that a crash interrupted and removes what it left. Programs that write call it when they start.
 * @returns whether there was something to complete
 * @throws {AppError} as {@link writeCertificateSet}
 */
export function recoverCertificateSet(
  paths: CertificatePaths,
  options: WriteOptions,
  files: FileSystem = systemFiles,
): boolean {
  return guard(paths, () => {
    const completed = completePending(files, paths, techniqueFor(options), attributesFor(options));
    const folder = commonFolder(paths);
    if (folder) tryTo(() => removeOldGenerations(files, folder));
    return completed;
  });
}

/**
 * The set as it is now, all three of one generation; undefined when one of them is missing or empty.
 * @throws {AppError} ERR_VOLUME_PERMISSION (forbidden), ERR_VOLUME_IO (unavailable)
 */
export function readCertificateSet(
  paths: CertificatePaths,
  files: FileSystem = systemFiles,
): CertificateSet | undefined {
  return guard(paths, () => {
    for (let attempt = 0; attempt < 5; attempt++) {
      const pending = readPending(files, paths);
      if (pending) return pending;
      const generation = generationOf(files, paths);
      const set = readFrom(files, generation ? relocate(paths, generation) : paths);
      if (set) return set;
      // The generation may have been replaced and removed between the look at the link and the reading.
      if (!generation || generation === generationOf(files, paths)) return undefined;
    }
    return undefined;
  });
}

/**
 * Whether the set could be written now, found out without touching it: a token that is spent on a certificate which
 * cannot be written is lost.
 * @throws {AppError} as {@link writeCertificateSet}
 */
export function probeVolume(paths: CertificatePaths, files: FileSystem = systemFiles): void {
  for (const folder of foldersOf(paths)) {
    const probe = join(folder, '..probe');
    try {
      files.rmSync(probe, { force: true });
      writeNewFile(files, probe, '\n'.repeat(32 * 1024), { mode: 0o600 });
    } catch (error) {
      throw volumeError(probe, error);
    } finally {
      tryTo(() => files.rmSync(probe, { force: true }));
    }
  }
}

const techniqueFor = ({ mode }: WriteOptions): Technique => (mode === 'atomic' ? 'replace' : 'overwrite');

function attributesFor({ publicMode, keyMode, owner }: WriteOptions): Record<Member, FileAttributes> {
  const shared = { mode: publicMode, owner };
  return { root: shared, certificate: shared, key: { mode: keyMode, owner } };
}

/** The folder to read from when all three names lead through the link of generations. */
function generationOf(files: FileSystem, paths: CertificatePaths): string | undefined {
  const folder = commonFolder(paths);
  if (!folder || !members.every((member) => isLinked(files, folder, basename(paths[member])))) return undefined;
  return currentGeneration(files, folder);
}

function relocate(paths: CertificatePaths, folder: string): CertificatePaths {
  const at = (path: string): string => join(folder, basename(path));
  return { root: at(paths.root), certificate: at(paths.certificate), key: at(paths.key) };
}

function readFrom(files: FileSystem, paths: CertificatePaths): CertificateSet | undefined {
  const rootPem = readIfThere(files, paths.root);
  const chainPem = readIfThere(files, paths.certificate);
  const keyPem = readIfThere(files, paths.key);
  return rootPem && chainPem && keyPem ? { rootPem, chainPem, keyPem } : undefined;
}

function guard<Value>(paths: CertificatePaths, action: () => Value): Value {
  try {
    return action();
  } catch (error) {
    throw volumeError(pathOf(error) ?? dirname(paths.certificate), error);
  }
}

/** The path that the failed operation was to change; of a link or a rename that is its destination. */
function pathOf(error: unknown): string | undefined {
  const { dest, path } = error instanceof Error ? (error as { dest?: unknown; path?: unknown }) : {};
  return [dest, path].find((value) => typeof value === 'string');
}
