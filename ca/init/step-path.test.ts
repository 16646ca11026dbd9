import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { writeContext } from './files.ts';
import { findContext, stepBasePath, stepPath } from './step-path.ts';

describe('contexts', () => {
  let base = '';
  before(async () => {
    base = await mkdtemp(join(tmpdir(), 'autocert-step-path-'));
  });
  after(() => rm(base, { recursive: true }));

  it('are none in an empty folder', () => {
    assert.equal(findContext(base, undefined), undefined);
    assert.equal(stepPath(base, undefined), base);
  });

  it('are added, and the last one added is current', () => {
    writeContext(base, { name: 'one', authority: 'a', profile: 'p' });
    writeContext(base, { name: 'two', authority: 'b', profile: 'p' });
    assert.equal(stepPath(base, findContext(base, undefined)), join(base, 'authorities/b'));
    assert.equal(stepPath(base, findContext(base, 'one')), join(base, 'authorities/a'));
  });

  it('that are not there are an error', () =>
    assert.throws(() => findContext(base, 'three'), {
      code: 'ERR_STEP_CONTEXT',
      message: /context "three" not found/,
    }));

  for (const [name, text] of [
    ['leads out of the folder', '{"x":{"authority":"../../etc","profile":"p"}}'],
    ['has no authority', '{"x":{"profile":"p"}}'],
    ['is no object', '[]x'],
  ] as const) {
    it(`refuses a file that ${name}`, async () => {
      await writeFile(join(base, 'contexts.json'), text);
      assert.throws(() => findContext(base, 'x'), { code: 'ERR_STEP_CONTEXT' });
    });
  }

  it('live under STEPPATH', () => assert.equal(stepBasePath({ STEPPATH: '/x' }), '/x'));
});
