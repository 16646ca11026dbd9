import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { nearest } from './nearest.ts';

describe('nearest', () => {
  const known = ['certificate', 'ca', 'demo', 'local', 'version'];
  const rows: [word: string, want: string | undefined][] = [
    ['certifcate', 'certificate'],
    ['cert', 'certificate'],
    ['lcoal', 'local'],
    ['dmeo', 'demo'],
    ['VERSION', 'version'],
    ['kubectl', undefined],
    ['x', undefined],
    ['', undefined],
  ];
  for (const [word, want] of rows)
    it(`takes "${word}" for ${want ?? 'nothing'}`, () => assert.equal(nearest(word, known), want));
});
