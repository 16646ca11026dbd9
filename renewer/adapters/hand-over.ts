/**
 * Hands the process over to the sleeper (../sleeper/): Node is replaced by a few kilobytes that wait for the due time
 * or a signal and then execute Node again with the same script. The process keeps its number, so that a kubelet or a
 * shell that signals it notices nothing.
 *
 * Keep: the environment goes with it, so it must hold no secret; the renewer reads its token from a file.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Logger } from '../../lib/log/index.ts';
import type { Clock, EpochMs } from '../../lib/time/index.ts';
import type { IdleMode } from '../config.ts';
import { sleeperExecutable } from '../sleeper/elf.ts';

/** Starting Node again costs a tenth of a second of one core; for less time than this it is not worth it. */
const worthwhileMs = 5 * 60 * 1000;

/** Last argument of a renewer that was woken because it was due; the sleeper writes an `h` over it on SIGHUP. */
const wokenWhenDue = 'due';
const wokenBySignal = 'hue';

/** Whether a renewal was asked for by SIGHUP while the process slept. */
export const wasAskedToRenew = (argv: readonly string[]): boolean => argv.at(-1) === wokenBySignal;

export type HandOverOptions = {
  readonly idle: IdleMode;
  readonly script: string;
  /** Where an executable file can perhaps be made for a moment, the best first. */
  readonly folders: readonly string[];
  readonly clock: Pick<Clock, 'now'>;
  readonly log: Logger;
  /** Whether a signal has come that the sleeper would not see. */
  readonly hasSignal: () => boolean;
};

/** A function that does not return when it hands over, and does at once when that is not worth it, wanted or possible. */
export function createHandOver(options: HandOverOptions): (due: EpochMs) => Promise<void> {
  const { idle, script, folders, clock, log, hasSignal } = options;
  let sleeper: string | undefined;
  let resident = idle === 'resident';

  return async (due) => {
    if (resident || (idle === 'auto' && due - clock.now() < worthwhileMs)) return;
    try {
      sleeper ??= prepareSleeper(folders);
    } catch (error) {
      // Another architecture, or every folder is read-only or mounted noexec: it will not change.
      resident = true;
      log[idle === 'exec' ? 'warn' : 'debug']('cannot hand over to the sleeper, staying resident', { error });
      return;
    }
    await nextTurn(); // a signal that is already here is handled before it is too late
    if (hasSignal()) return;
    log.debug('handing over to the sleeper', { until: new Date(due).toISOString() });
    const node = [process.execPath, ...process.execArgv, script, wokenWhenDue];
    process.execve?.(sleeper, ['autocert-sleeper', String(Math.ceil(due / 1000)), ...node], process.env);
  };
}

/**
 * The path of an executable sleeper, tried out: `process.execve` ends the program when it fails. The file has no name
 * any more, only our open descriptor leads to it, so that nothing is left behind.
 */
function prepareSleeper(folders: readonly string[]): string {
  const bytes = process.platform === 'linux' && process.execve ? sleeperExecutable(process.arch) : undefined;
  if (!bytes) throw new Error(`there is no sleeper for ${process.platform} on ${process.arch}`);
  const problems: unknown[] = [];
  for (const folder of folders) {
    try {
      return placeSleeper(folder, bytes);
    } catch (error) {
      problems.push(error);
    }
  }
  throw new AggregateError(problems, `no file can be executed in ${folders.join(' or ')}`);
}

function placeSleeper(parent: string, bytes: Uint8Array): string {
  const folder = mkdtempSync(join(parent, '..autocert-sleeper-'));
  try {
    const path = join(folder, 'sleeper');
    writeFileSync(path, bytes, { mode: 0o700 });
    // Long due, and the program to execute does not exist: the sleeper itself must run and say 127.
    const trial = spawnSync(path, ['1', join(folder, 'none'), wokenWhenDue], { stdio: 'ignore', env: {} });
    if (trial.status !== 127) throw trial.error ?? new Error(`${path}: ended with ${trial.status ?? trial.signal}`);
    return `/proc/self/fd/${openSync(path, 'r')}`;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
