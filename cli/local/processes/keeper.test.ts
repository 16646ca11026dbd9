import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { KeeperClient } from './keeper-client.ts';

const keeperProgram = fileURLToPath(new URL('keeper.ts', import.meta.url));
const env = { PATH: process.env.PATH ?? '' };

async function withKeeper(body: (keeper: KeeperClient) => Promise<void>): Promise<void> {
  const keeper = new KeeperClient(keeperProgram);
  try {
    await body(keeper);
  } finally {
    await keeper.close();
  }
}

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

const isAlive = (pid: number): boolean => {
  try {
    return !/^\d+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
};

describe('keeper', () => {
  it('runs a program and hands on every line before its exit', () =>
    withKeeper(async (keeper) => {
      const lines: string[] = [];
      const { exited } = keeper.start(
        {
          file: '/bin/sh',
          args: ['-c', 'echo "$GREETING"; pwd; echo last >&2; exit 3'],
          env: { ...env, GREETING: 'hello' },
          cwd: keeper.folder,
        },
        (line) => lines.push(line),
      );
      assert.deepEqual(await exited, { code: 3, signal: null });
      assert.deepEqual(lines.sort(), [keeper.folder, 'hello', 'last'].sort());
    }));

  it('reports a program that cannot be run', () =>
    withKeeper(async (keeper) => {
      const { exited } = keeper.start({ file: '/nowhere/x', args: [], env, cwd: keeper.folder }, () => {});
      const exit = await exited;
      assert.equal(exit.code, 127);
      assert.match(exit.failure ?? '', /ENOENT/);
    }));

  it('signals the whole process group', () =>
    withKeeper(async (keeper) => {
      const { promise: started, resolve } = Promise.withResolvers<void>();
      const running = keeper.start(
        { file: '/bin/sh', args: ['-c', 'sleep 60 & echo up; wait'], env, cwd: keeper.folder },
        () => resolve(),
      );
      await started;
      running.signal('SIGTERM');
      assert.deepEqual(await running.exited, { code: null, signal: 'SIGTERM' });
    }));

  it('ends what a program leaves behind when it exits', { timeout: 10_000 }, () =>
    withKeeper(async (keeper) => {
      const lines: string[] = [];
      // the background process has closed its output: only its process group ties it to the program
      const { exited } = keeper.start(
        { file: '/bin/sh', args: ['-c', 'sleep 60 >/dev/null 2>&1 & echo $!'], env, cwd: keeper.folder },
        (line) => lines.push(line),
      );
      await exited;
      while (isAlive(Number(lines[0]))) await nextTurn(); // SIGKILL has been sent; a hang here is the failure
    }),
  );

  it('does not leave anybody waiting for a process when it is closed', async () => {
    const keeper = new KeeperClient(keeperProgram);
    const { exited } = keeper.start({ file: '/bin/sleep', args: ['60'], env, cwd: keeper.folder }, () => {});
    await keeper.close();
    assert.notEqual((await exited).code, 0);
    const late = keeper.start({ file: '/bin/sleep', args: ['60'], env, cwd: keeper.folder }, () => {});
    assert.match((await late.exited).failure ?? '', /ending/);
  });

  it('leaves neither process nor folder when closed, not even of a program that ignores SIGTERM', async () => {
    const keeper = new KeeperClient(keeperProgram);
    const { promise: pid, resolve } = Promise.withResolvers<string>();
    keeper.start(
      { file: '/bin/sh', args: ['-c', 'trap "" TERM; echo $$; while :; do sleep 1; done'], env, cwd: keeper.folder },
      resolve,
    );
    const stubborn = Number(await pid);
    assert.ok(existsSync(keeper.folder));
    await keeper.close();
    assert.equal(isAlive(stubborn), false);
    assert.equal(existsSync(keeper.folder), false);
  });
});
