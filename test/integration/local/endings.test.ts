/** However a local run ends, it leaves neither process nor file. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { processesMentioning, type RunningCommand, withCommand } from './command.ts';

/** Runs for ever, with a process in the background that has closed its output. */
const pod = `
apiVersion: v1
kind: Pod
metadata:
  name: web
  annotations: { autocert.step.sm/name: web.default.svc.cluster.local }
spec:
  terminationGracePeriodSeconds: 1
  containers:
    - name: app
      image: any
      command: [sh, -c, 'trap "" TERM; sleep 1000 >/dev/null 2>&1 & echo up; while :; do sleep 1; done']
`;

describe('the end of a local run', () => {
  let folder: string;
  let args: string[];
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'autocert-manifest-'));
    writeFileSync(join(folder, 'pod.yaml'), pod);
    args = ['local', 'run', join(folder, 'pod.yaml')];
  });
  after(() => rmSync(folder, { recursive: true }));

  const up = (command: RunningCommand): Promise<void> => command.untilOutput(/\| up$/);

  const signals = [
    { signal: 'SIGINT', code: 130 },
    { signal: 'SIGTERM', code: 143 },
  ] as const;
  for (const { signal, code } of signals) {
    it(`leaves nothing after ${signal}, not even of a container that ignores it`, () =>
      withCommand(args, async (command) => {
        await up(command);
        command.signal(signal);
        assert.equal((await command.result()).code, code);
        assert.deepEqual(command.left(), []);
      }));
  }

  it('ends at once when asked twice', () =>
    withCommand([...args], async (command) => {
      await up(command);
      command.signal('SIGINT');
      await command.untilNote(/once more to end at once/);
      command.signal('SIGINT');
      assert.equal((await command.result()).code, 130);
      assert.deepEqual(command.left(), []);
    }));

  it('can be interrupted while it starts', () =>
    withCommand(args, async (command) => {
      await command.untilNote(/^CA: /m);
      command.signal('SIGINT');
      assert.equal((await command.result()).code, 130);
      assert.deepEqual(command.left(), []);
    }));

  it('leaves nothing a moment after SIGKILL', () =>
    withCommand(args, async (command) => {
      await up(command);
      command.signal('SIGKILL');
      await command.untilGone();
    }));

  it('ends with an error when its keeper is killed, and leaves no process', () =>
    withCommand(args, async (command) => {
      await up(command);
      const keeper = processesMentioning(command.folder).find(({ commandLine }) => /keeper\.ts /.test(commandLine));
      assert.ok(keeper);
      process.kill(keeper.pid, 'SIGKILL');
      const { code, err } = await command.result();
      assert.equal(code, 1);
      assert.match(err, /^error: keeper: ended \(SIGKILL\)$/m);
      await command.untilGone();
    }));

  it('ends with an error that quotes the CA when the CA ends', () =>
    withCommand(args, async (command) => {
      await up(command);
      const ca = processesMentioning(command.folder).find(({ commandLine }) => / serve /.test(commandLine));
      assert.ok(ca);
      process.kill(ca.pid, 'SIGKILL');
      const { code, err } = await command.result();
      assert.equal(code, 1);
      assert.match(err, /^error: CA: ended \(SIGKILL\)/m);
      assert.deepEqual(command.left(), []);
    }));
});
