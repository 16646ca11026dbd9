/** The language of templates, case by case beside Go's own package: the same output, or the same complaint. */
import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { isAppError } from '../../../lib/errors/index.ts';
import { parseTemplate, valueOfJson } from '../../../lib/gotemplate/index.ts';
import { type Rendered, renderWithGo } from './go-peer.ts';
import { data, languageCases } from './language-cases.ts';

function render(template: string): Rendered {
  try {
    return { output: parseTemplate('template', template, { now: () => performance.now() }).execute(valueOfJson(data)) };
  } catch (error) {
    if (!isAppError(error)) throw error;
    return { output: '', error: error.message };
  }
}

describe('a template, beside text/template of Go', () => {
  let expected: readonly Rendered[];
  before(async () => {
    expected = await renderWithGo(languageCases, data);
  });
  for (const [index, template] of languageCases.entries()) {
    it(JSON.stringify(template), () => {
      const go = expected[index];
      const ours = render(template);
      assert.equal(ours.error, go?.error);
      if (!go?.error) assert.equal(ours.output, go?.output);
    });
  }
});
