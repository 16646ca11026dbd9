import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { splitFiles, uniteResults } from './results.ts';

describe('splitFiles', () => {
  it('gives each file to one part, and makes no empty part', () => {
    assert.deepEqual(splitFiles(['a', 'b', 'c'], 2), [['a', 'c'], ['b']]);
    assert.deepEqual(splitFiles(['a'], 2), [['a']]);
  });
});

describe('uniteResults', () => {
  it('adds counts, keeps failures, and counts a line that ran in any part', () => {
    const lines = (...counts: number[]) => [{ path: '/a.ts', lines: counts.map((count, line) => ({ line, count })) }];
    const united = uniteResults([
      { passed: 2, failed: 1, failures: ['x'], coverage: lines(1, 0, 0) },
      { passed: 3, failed: 0, failures: [], coverage: lines(0, 2, 0) },
    ]);
    assert.deepEqual(united, { passed: 5, failed: 1, failures: ['x'], coverage: lines(1, 2, 0) });
  });
});
