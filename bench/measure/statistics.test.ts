import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { median, quantile } from './statistics.ts';

describe('quantile', () => {
  const hundred = Array.from({ length: 100 }, (_, index) => 100 - index);
  it('is the sample of the nearest rank', () => {
    assert.equal(quantile(hundred, 0.5), 50);
    assert.equal(quantile(hundred, 0.99), 99);
    assert.equal(quantile(hundred, 1), 100);
    assert.equal(quantile([7], 0.5), 7);
  });
  it('is NaN without samples', () => assert.ok(Number.isNaN(quantile([], 0.5))));
});

describe('median', () => {
  it('is the middle, or the mean of both middles', () => {
    assert.equal(median([3, 1, 2]), 2);
    assert.equal(median([4, 1, 2, 3]), 2.5);
  });
  it('leaves its argument as it was', () => {
    const samples = [2, 1];
    median(samples);
    assert.deepEqual(samples, [2, 1]);
  });
});
