import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { findUnmet } from './selectors.ts';

const expression = (operator: string, values?: string[]) => ({
  matchExpressions: [{ key: 'a', operator, ...(values ? { values } : {}) }],
});

describe('findUnmet', () => {
  const rows: readonly (readonly [
    selector: Parameters<typeof findUnmet>[0],
    labels: Record<string, string>,
    met: boolean,
  ])[] = [
    [undefined, {}, true],
    [{}, {}, true],
    [{ matchLabels: { a: '1' } }, { a: '1', b: '2' }, true],
    [{ matchLabels: { a: '1' } }, { a: '2' }, false],
    [{ matchLabels: { a: '1' } }, {}, false],
    [expression('In', ['1', '2']), { a: '2' }, true],
    [expression('In', ['1', '2']), {}, false],
    [expression('NotIn', ['1']), { a: '1' }, false],
    [expression('NotIn', ['1']), {}, true],
    [expression('Exists'), { a: '' }, true],
    [expression('Exists'), {}, false],
    [expression('DoesNotExist'), {}, true],
    [expression('DoesNotExist'), { a: '1' }, false],
    [{ matchLabels: { a: '1' }, ...expression('NotIn', ['1']) }, { a: '1' }, false],
  ];
  for (const [selector, labels, met] of rows) {
    it(`${JSON.stringify(selector)} ${met ? 'takes' : 'leaves'} ${JSON.stringify(labels)}`, () =>
      assert.equal(findUnmet(selector, labels) === undefined, met));
  }
});
