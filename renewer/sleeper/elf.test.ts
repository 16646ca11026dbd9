import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { sleeperExecutable } from './elf.ts';

describe('the sleeper', () => {
  let folder = '';
  let path = '';
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'autocert-sleeper-'));
    path = join(folder, 'sleeper');
    writeFileSync(path, sleeperExecutable(process.arch) ?? '', { mode: 0o755 });
  });
  after(() => rmSync(folder, { recursive: true }));

  const inAnHour = (): string => String(Math.floor(Date.now() / 1000) + 3600);
  const past = '1';
  const start = (due: string, ...command: string[]): ChildProcess =>
    spawn(path, [due, ...command, 'due'], { stdio: ['ignore', 'pipe', 'inherit'], env: { MARK: 'kept' } });
  const ending = async (child: ChildProcess): Promise<{ code: number | null; output: string }> => {
    let output = '';
    child.stdout?.on('data', (chunk: Buffer) => {
      output += chunk.toString();
    });
    const [code] = (await once(child, 'close')) as [number | null];
    return { code, output };
  };
  /** A signal before the signals are blocked would end the process; the only thing it ever sleeps in is the wait. */
  const asleep = async (child: ChildProcess): Promise<void> => {
    for (;;) {
      const status = readFileSync(`/proc/${child.pid}/status`, 'latin1');
      if (/^Name:\s*sleeper$/m.test(status) && /^State:\s*S/m.test(status)) return;
      await new Promise((resolve) => setImmediate(resolve));
    }
  };

  it('executes the program at once when it is due, with its arguments and environment', async () => {
    const { code, output } = await ending(start(past, '/bin/sh', '-c', 'echo "$0 $MARK"'));
    assert.deepEqual({ code, output }, { code: 0, output: 'due kept\n' });
  });

  it('executes it with another reason on SIGHUP', async () => {
    const child = start(inAnHour(), '/bin/sh', '-c', 'echo "$0"');
    await asleep(child);
    child.kill('SIGHUP');
    assert.equal((await ending(child)).output, 'hue\n');
  });

  it('leaves no signal blocked for the program', async () => {
    const { output } = await ending(
      start(past, '/bin/sh', '-c', 'while read -r l; do echo "$l"; done </proc/self/status'),
    );
    assert.match(output, /SigBlk:\s*0000000000000000/);
  });

  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    it(`ends with exit code 0 on ${signal}`, async () => {
      const child = start(inAnHour(), '/bin/false');
      await asleep(child);
      child.kill(signal);
      assert.equal((await ending(child)).code, 0);
    });
  }

  it('ends with 127 when there is no such program', async () => {
    assert.equal((await ending(start(past, '/no/such/program'))).code, 127);
  });

  it('keeps less than 64 kB in memory', async () => {
    const child = start(inAnHour(), '/bin/false');
    await asleep(child);
    const kb = Number(/^VmRSS:\s*(\d+)/m.exec(readFileSync(`/proc/${child.pid}/status`, 'latin1'))?.[1] ?? 0);
    child.kill('SIGTERM');
    await ending(child);
    assert.ok(kb < 64, `${kb} kB`);
  });

  it('does not exist for an unknown architecture', () => assert.equal(sleeperExecutable('mips'), undefined));
});
