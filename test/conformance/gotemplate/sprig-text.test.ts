/** The functions of sprig that work on text, case by case beside the real ones: the same output, or complaint. */
import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { isAppError } from '../../../lib/errors/index.ts';
import { parseTemplate, sprigFunctions, valueOfJson } from '../../../lib/gotemplate/index.ts';
import { type Rendered, renderWithGo } from './go-peer.ts';
import { data, sprigTextCases, sprigTextDifferences } from './sprig-text-cases.ts';
import { placeCases } from './sprig-text-place-cases.ts';
import { regexCases } from './sprig-text-regex-cases.ts';

const cases = [...sprigTextCases, ...regexCases, ...placeCases];

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

describe('a function of sprig over text, beside the real one', () => {
  let expected: readonly Rendered[];
  before(async () => {
    expected = await renderWithGo([...cases, ...sprigTextDifferences.map(([template]) => template)], data);
  });
  for (const [index, template] of cases.entries()) {
    it(JSON.stringify(template), () => {
      const go = expected[index];
      const ours = render(template);
      assert.equal(ours.error, go?.error);
      if (!go?.error) assert.equal(ours.output, go?.output);
    });
  }
  for (const [index, [template, wanted]] of sprigTextDifferences.entries()) {
    it(`is different on purpose: ${JSON.stringify(template)}`, () => {
      const go = expected[cases.length + index];
      const ours = render(template);
      const text = ours.error ?? ours.output;
      if (typeof wanted === 'string') assert.equal(text, wanted);
      else assert.match(text, wanted);
      assert.notDeepEqual(ours, go);
    });
  }
});
