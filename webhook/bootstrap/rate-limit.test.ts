import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { RateLimiter } from './rate-limit.ts';

describe('RateLimiter', () => {
  const limit = { requests: 3, perMs: 60_000 };

  it('allows a burst, then one request for each share of the period', () => {
    const limiter = new RateLimiter(limit);
    assert.deepEqual(
      [0, 0, 0, 0].map((now) => limiter.take('pod', now)),
      [0, 0, 0, 20_000],
    );
    assert.equal(limiter.take('pod', 19_000), 1_000);
    assert.equal(limiter.take('pod', 20_000), 0);
    assert.equal(limiter.take('pod', 20_000), 20_000);
  });

  it('counts each key for itself', () => {
    const limiter = new RateLimiter({ requests: 1, perMs: 1000 });
    assert.deepEqual([limiter.take('a', 0), limiter.take('b', 0), limiter.take('a', 0)], [0, 0, 1000]);
  });

  it('forgets nothing when the clock is set back', () => {
    const limiter = new RateLimiter({ requests: 1, perMs: 1000 });
    assert.equal(limiter.take('a', 5000), 0);
    assert.equal(limiter.take('a', 0), 1000);
  });

  it('forgets the oldest keys of very many', () => {
    const limiter = new RateLimiter({ requests: 1, perMs: 1000 });
    limiter.take('first', 0);
    for (let key = 0; key < 20_000; key++) limiter.take(String(key), 0);
    assert.equal(limiter.take('first', 0), 0);
    assert.equal(limiter.take('19999', 0), 1000);
  });
});
