/** Keeps processes on their cores, so that client and server do not take each other's time. */
import { execFileSync } from 'node:child_process';

/** Moves a running process with all its threads; those it starts later inherit it. */
export function pin(pid: number, core: number): void {
  for (let tries = 3; ; ) {
    try {
      execFileSync('taskset', ['-a', '-p', '-c', String(core), String(pid)], { stdio: 'ignore' });
      return;
    } catch (error) {
      if (--tries === 0) throw error; // a thread that ends while they are listed makes it fail
    }
  }
}

/** The command that runs `command` on this core from its first instruction. */
export const pinned = (core: number, command: readonly string[]): [string, ...string[]] => [
  'taskset',
  '-c',
  String(core),
  ...command,
];
