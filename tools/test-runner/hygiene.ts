/**
 * Loaded before every test run: all tests share one process, so after the last one nothing may be left of any.
 * Checks working folder, environment and child processes, and gives the run a temporary folder of its own, which must be
 * empty in the end.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

// A short name: sockets live in there, and their path is bounded at 107 bytes.
const temporary = mkdtempSync(join(tmpdir(), 'at-'));
process.env.TMPDIR = temporary;
const before = { cwd: process.cwd(), env: { ...process.env } };

after(async () => {
  const left = readdirSync(temporary);
  rmSync(temporary, { recursive: true, force: true });
  assert.equal(process.cwd(), before.cwd, 'a test changed the working folder');
  assert.deepEqual(changedVariables(), [], 'a test changed the environment');
  assert.deepEqual(await remainingProcesses(), [], 'a test left a process');
  assert.deepEqual(left, [], 'a test left something in the temporary folder');
});

/** Names only: an environment may hold secrets. */
function changedVariables(): string[] {
  const names = new Set([...Object.keys(before.env), ...Object.keys(process.env)]);
  return [...names].filter((name) => before.env[name] !== process.env[name]);
}

/** A process that was told to end may need a moment on a busy machine. */
async function remainingProcesses(): Promise<string[]> {
  for (let round = 0; round < 50 && childProcesses().length > 0; round++) await sleep(100);
  return childProcesses();
}

/** Command lines of this process's living children; nothing where there is no /proc. */
function childProcesses(): string[] {
  let entries: string[];
  try {
    entries = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  } catch {
    return []; // no /proc outside Linux
  }
  return entries.flatMap((pid) => {
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
      const [state, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      if (Number(parent) !== process.pid || state === 'Z') return [];
      return [readFileSync(`/proc/${pid}/cmdline`, 'latin1').replaceAll('\0', ' ').trim()];
    } catch {
      return []; // it ended while we looked
    }
  });
}
