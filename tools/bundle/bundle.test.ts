import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import { stop } from 'esbuild';
import { bundleProgram } from './bundle.ts';
import { programs } from './programs.ts';

const podPrograms = programs.filter(({ budgetBytes }) => budgetBytes !== undefined);

describe('the programs of pods', () => {
  after(() => stop()); // esbuild keeps a process for the next build

  it('are the init container and the renewer', () =>
    assert.deepEqual(
      podPrograms.map(({ entry }) => entry),
      ['init-container/main.ts', 'renewer/main.ts'],
    ));

  for (const program of podPrograms) {
    it(`${program.name} stays within its budget and takes nothing from npm`, async () => {
      const { sizeBytes, inputs, files } = await bundleProgram(program);
      const budgetBytes = program.budgetBytes ?? 0;
      assert.ok(sizeBytes > 1000 && sizeBytes <= budgetBytes, `${sizeBytes} bytes, at most ${budgetBytes}`);
      assert.equal(files.length, 1);
      assert.deepEqual(
        inputs.filter((path) => path.includes('node_modules')),
        [],
      );
      // What is in it may be shipped, and is not made for tests.
      assert.deepEqual(
        inputs.filter((path) => !/^(lib|init-container|renewer)\//.test(path) || /fake-|\.test\.ts$/.test(path)),
        [],
      );
    });
  }
});
