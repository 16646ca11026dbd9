/** Keeps processes on their cores, so that client and server do not take each other's time. */
import { execFileSync } from 'node:child_process';

/** Moves a running process with all its threads; those it starts later inherit it. */
export function pin(pid: number, ...cores: readonly number[]): void {
  for (let tries = 3; ; ) {
    try {
      execFileSync('taskset', ['-a', '-p', '-c', cores.join(','), String(pid)], { stdio: 'ignore' });
      return;
    } catch (error) {
      if (--tries === 0) throw error; // a thread that ends while they are listed makes it fail
    }
  }
}

/** The command that runs `command` on this core, or these, from its first instruction. */
export const pinned = (core: number | readonly number[], command: readonly string[]): [string, ...string[]] => [
  'taskset',
  '-c',
  [core].flat().join(','),
  ...command,
];
