/** docs/interop-checklist.md and the tests name the same 34 items, and agree on where the two CAs differ. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';

const page = readFileSync(join(import.meta.dirname, '../../../docs/interop-checklist.md'), 'utf8');
const rows = Array.from(
  page.matchAll(/^\| (\d+) \| .+ \| \[[\w ]+\]\(\.\.\/test\/conformance\/step-ca\/([\w.-]+)\) \| (same|differs) \|$/gm),
  ([, item, file, result]) => ({ item: Number(item), file, result }),
);

/** Tests as they are written down: the text from one `it(` to the next. */
const tests = readdirSync(import.meta.dirname)
  .filter((file) => file.endsWith('.test.ts'))
  .flatMap((file) =>
    readFileSync(join(import.meta.dirname, file), 'utf8')
      .split(/^ *it\(/m)
      .slice(1)
      .map((text) => ({ file, item: Number(/^\s*['`](\d+): /.exec(text)?.[1]), differs: text.includes('.differs(') })),
  )
  .filter(({ item }) => !Number.isNaN(item));

describe('docs/interop-checklist.md', () => {
  it('has the 34 items in order', () => {
    assert.deepEqual(
      rows.map(({ item }) => item),
      Array.from({ length: 34 }, (_value, index) => index + 1),
    );
  });
  for (const { item, file, result } of rows) {
    const own = tests.filter((test) => test.item === item);
    it(`names the file with the tests of item ${item}`, () => {
      assert.deepEqual([...new Set(own.map((test) => test.file))], [file]);
    });
    it(`is right that item ${item} is ${result}`, () => {
      assert.equal(own.some(({ differs }) => differs) ? 'differs' : 'same', result);
    });
  }
  it('leaves no item of a test out', () => {
    assert.deepEqual(
      tests.filter(({ item }) => !rows.some((row) => row.item === item)),
      [],
    );
  });
});
