/** The functions of sprig and step that work on data, case by case beside the real ones: the same output, or complaint. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, it } from 'node:test';
import { isAppError } from '../../../lib/errors/index.ts';
import { parseTemplate, sprigFunctions, valueOfJson } from '../../../lib/gotemplate/index.ts';
import { type Rendered, renderWithGo } from './go-peer.ts';
import { data, sprigDataCases, sprigDifferences, sprigNames } from './sprig-data-cases.ts';

const functions = sprigFunctions({
  now: Date.now,
  randomBytes: (size) => crypto.getRandomValues(new Uint8Array(size)),
});

function render(template: string): Rendered {
  try {
    const parsed = parseTemplate('template', template, { now: () => performance.now(), functions });
    return { output: parsed.execute(valueOfJson(data)) };
  } catch (error) {
    if (!isAppError(error)) throw error;
    return { output: '', error: error.message };
  }
}

describe('a function of sprig or step over data, beside the real one', () => {
  let expected: readonly Rendered[];
  before(async () => {
    expected = await renderWithGo([...sprigDataCases, ...sprigDifferences.map(([template]) => template)], data);
  });
  for (const [index, template] of sprigDataCases.entries()) {
    it(JSON.stringify(template), () => {
      const go = expected[index];
      const ours = render(template);
      assert.equal(ours.error, go?.error);
      if (!go?.error) assert.equal(ours.output, go?.output);
    });
  }
  for (const [index, [template, wanted]] of sprigDifferences.entries()) {
    it(`is different on purpose: ${JSON.stringify(template.slice(0, 100))}`, () => {
      const go = expected[sprigDataCases.length + index];
      const ours = render(template);
      const text = ours.error ?? ours.output;
      if (typeof wanted === 'string') assert.equal(text, wanted);
      else assert.match(text, wanted);
      assert.notDeepEqual(ours, go);
    });
  }
});

describe('docs/divergences/go-templates.md', () => {
  const page = readFileSync(join(import.meta.dirname, '../../../docs/divergences/go-templates.md'), 'utf8');
  /** `mustX` goes with `x`. */
  const named = (name: string): string => name.replace(/^must(.)/, (_, first: string) => first.toLowerCase());
  it('names every function that is not here', () => {
    const missing = sprigNames.filter((name) => !functions.has(name));
    assert.deepEqual(
      missing.filter((name) => !page.includes(`\`${named(name)}\``)),
      [],
    );
  });
  it('knows of no function that the real ones lack', () => {
    assert.deepEqual(
      [...functions.keys()].filter((name) => !sprigNames.includes(name)),
      [],
    );
  });
});
