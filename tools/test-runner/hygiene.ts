/**
 * Loaded before every test run: all tests share one process, so after the last one nothing may be left of any.
 * Checks working folder, environment, child processes and the temporary folder.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { after } from 'node:test';

/** Every temporary file or folder of a test starts with this. */
const temporaryPrefix = 'autocert-';

const before = { cwd: process.cwd(), env: { ...process.env }, temporary: new Set(temporaryEntries()) };

after(() => {
  assert.equal(process.cwd(), before.cwd, 'a test changed the working folder');
  assert.deepEqual(changedVariables(), [], 'a test changed the environment');
  assert.deepEqual(
    temporaryEntries().filter((name) => !before.temporary.has(name)),
    [],
    `a test left something in ${tmpdir()}`,
  );
  assert.deepEqual(childProcesses(), [], 'a test left a process');
});

/** Names only: an environment may hold secrets. */
function changedVariables(): string[] {
  const names = new Set([...Object.keys(before.env), ...Object.keys(process.env)]);
  return [...names].filter((name) => before.env[name] !== process.env[name]);
}

function temporaryEntries(): string[] {
  return readdirSync(tmpdir()).filter((name) => name.startsWith(temporaryPrefix));
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
