import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { createBatchedOutput } from './batched-output.ts';

function record() {
  const written: string[] = [];
  let exit = (): void => {};
  const output = createBatchedOutput(
    (lines) => written.push(lines),
    (flush) => {
      exit = flush;
    },
  );
  return { written, output, exit: () => exit() };
}

describe('createBatchedOutput', () => {
  it('writes the lines of one turn at once and in order', async () => {
    const { written, output } = record();
    output('a\n');
    output('b\n');
    assert.deepEqual(written, []);
    await nextTurn();
    assert.deepEqual(written, ['a\nb\n']);
    output('c\n');
    await nextTurn();
    assert.deepEqual(written, ['a\nb\n', 'c\n']);
  });

  it('writes what waits when the process exits, and once', async () => {
    const { written, output, exit } = record();
    output('last words\n');
    exit();
    await nextTurn();
    assert.deepEqual(written, ['last words\n']);
  });

  it('holds no flood back until the turn ends', async () => {
    const { written, output } = record();
    for (let count = 0; count < 100; count++) output(`${'x'.repeat(1023)}\n`);
    assert.equal(written.length, 1);
    await nextTurn();
    assert.equal(written.join('').length, 100 * 1024);
  });

  for (const end of ['process.exit(3)', 'throw new Error("defect")']) {
    it(`loses no line of a process that ends by ${end}`, () => {
      const module = JSON.stringify(join(import.meta.dirname, 'index.ts'));
      const script = `import { createLogger, batchedStandardOutput } from ${module};
        const log = createLogger({ name: 'test', write: batchedStandardOutput() });
        log.info('first'); log.error('second'); ${end};`;
      const { stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' });
      const messages = stdout
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line).msg);
      assert.deepEqual(messages, ['first', 'second']);
    });
  }
});
