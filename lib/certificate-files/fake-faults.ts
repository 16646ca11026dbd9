/** The real file system with one fault: it crashes, or is full, at a chosen operation. For tests. */
import { constants } from 'node:fs';
import { type FileSystem, systemFiles } from './file-system.ts';

/** Operations that change something; a crash between two reads is no different from one before them. */
const changing = new Set<string>([
  'chmodSync',
  'fchmodSync',
  'fchownSync',
  'fsyncSync',
  'ftruncateSync',
  'mkdirSync',
  'mkdtempSync',
  'openSync',
  'renameSync',
  'rmSync',
  'symlinkSync',
  'unlinkSync',
  'writeSync',
]);

export class Crash extends Error {}

/**
 * Works for `after` changing operations; then nothing works any more, as if the process had been killed. A write that
 * is cut off leaves its first half.
 */
export function crashingFiles(after: number): { readonly files: FileSystem; readonly crashed: () => boolean } {
  let count = 0;
  const files = intercept((name, args, run) => {
    if (!changing.has(name)) {
      if (count > after) throw new Crash();
      return run();
    }
    count++;
    if (count <= after) return run();
    if (count === after + 1 && name === 'writeSync') writeHalf(args);
    throw new Crash();
  });
  return { files, crashed: () => count > after };
}

/** Fails once with `code`, at the changing operation number `at`. */
export function failingFiles(at: number, code: string): { readonly files: FileSystem; readonly failed: () => boolean } {
  let count = 0;
  const files = intercept((name, args, run) => {
    if (!changing.has(name) || ++count !== at) return run();
    if (name === 'writeSync') writeHalf(args);
    throw Object.assign(new Error(`${code}: test`), { code, path: '/test/path' });
  });
  return { files, failed: () => count >= at };
}

/** Never fails and never waits for the disk. */
export const quickFiles: FileSystem = intercept((_name, _args, run) => run());

/** Refuses to open for writing what its owner may not write, as a kernel does to everybody but root. */
export const closedToOwner = (): FileSystem =>
  intercept((name, [path, flags], run) => {
    const before = name === 'openSync' ? systemFiles.statSync(String(path), { throwIfNoEntry: false }) : undefined;
    const forWriting = typeof flags === 'number' && (flags & (constants.O_WRONLY | constants.O_RDWR)) !== 0;
    if (before && forWriting && (before.mode & 0o200) === 0) {
      throw Object.assign(new Error('EACCES: test'), { code: 'EACCES', path });
    }
    return run();
  });

function writeHalf([fd, bytes, offset, length, position]: readonly unknown[]): void {
  const write = systemFiles.writeSync as (...args: unknown[]) => number;
  write(fd, bytes, offset, Math.floor(Number(length) / 2), position);
}

type Interceptor = (name: string, args: readonly unknown[], run: () => unknown) => unknown;

function intercept(interceptor: Interceptor): FileSystem {
  return new Proxy(systemFiles, {
    get(target, name) {
      const original = Reflect.get(target, name) as unknown;
      if (typeof original !== 'function') return original;
      // A process that dies takes nothing out of the page cache; waiting for the disk would only make tests slow.
      const run = (args: unknown[]): unknown =>
        name === 'fsyncSync' ? undefined : Reflect.apply(original, target, args);
      return (...args: unknown[]) => interceptor(String(name), args, () => run(args));
    },
  });
}
