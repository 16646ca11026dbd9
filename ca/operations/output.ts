/** Standard output of a command, also when its reader leaves early (`| head`). */
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { outputExists, outputUnwritable } from './errors.ts';

/** Waits for a slow reader. Resolves to false when there is none any more. */
export async function write(text: string): Promise<boolean> {
  const { stdout } = process;
  if (stdout.destroyed) return false;
  const gone = (error: NodeJS.ErrnoException): void => {
    if (error.code !== 'EPIPE') process.stderr.write(`error: standard output: ${error.message}\n`);
  };
  if (stdout.listenerCount('error') === 0) stdout.on('error', gone);
  if (!stdout.write(text)) await Promise.race([once(stdout, 'drain').catch(() => {}), once(stdout, 'close')]);
  return !stdout.destroyed;
}

/** @throws {AppError} ERR_CA_OUTPUT_EXISTS (conflict), ERR_CA_OUTPUT (unavailable) */
export async function writeOutput(path: string, bytes: string | Uint8Array, force: boolean): Promise<void> {
  requireFree(path, force);
  await writeFile(path, bytes, { mode: 0o644 }).catch((cause: unknown) => {
    throw outputUnwritable(path, cause);
  });
}

/** @throws {AppError} ERR_CA_OUTPUT_EXISTS (conflict) */
export function requireFree(path: string, force: boolean): void {
  if (!force && existsSync(path)) throw outputExists(path);
}
