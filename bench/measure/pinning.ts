/** Keeps processes on their cores, so that client and server do not take each other's time. */
import { execFileSync } from 'node:child_process';

/** Moves a running process with all its threads; those it starts later inherit it. */
export function pin(pid: number, core: number): void {
  execFileSync('taskset', ['-a', '-p', '-c', String(core), String(pid)], { stdio: 'ignore' });
}

/** The command that runs `command` on this core from its first instruction. */
export const pinned = (core: number, command: readonly string[]): [string, ...string[]] => [
  'taskset',
  '-c',
  String(core),
  ...command,
];
