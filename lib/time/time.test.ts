import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { FakeClock } from './fake-clock.ts';
import { backoffMs, formatGoDuration, parseGoDuration, sleepUntil, systemClock, tryParseGoDuration } from './index.ts';

describe('parseGoDuration', () => {
  const rows: [string, number][] = [
    ['0', 0],
    ['5m', 300_000],
    ['1.5h', 5_400_000],
    ['-10m', -600_000],
    ['24h1m0s', 86_460_000],
    ['90s', 90_000],
    ['.5s', 500],
    ['1h2m3s4ms', 3_723_004],
    ['100us', 0.1],
    ['1µs', 0.001],
  ];
  for (const [text, want] of rows) it(`reads ${text}`, () => assert.equal(parseGoDuration(text), want));

  for (const text of ['', '1', '1d', 'h', '5 m', '-', '1.2.3s', 'abc', '.s', '9999999999999999h']) {
    it(`refuses "${text}" with an example`, () => {
      assert.throws(() => parseGoDuration(text), { code: 'ERR_DURATION', kind: 'invalid' });
      assert.equal(tryParseGoDuration(text), undefined);
    });
  }
});

describe('formatGoDuration', () => {
  const rows: [number, string][] = [
    [0, '0s'],
    [86_460_000, '24h1m0s'],
    [300_000, '5m0s'],
    [1500, '1.5s'],
    [300, '300ms'],
    [0.1, '100µs'],
    [-60_000, '-1m0s'],
  ];
  for (const [ms, want] of rows) it(`prints ${ms} ms as ${want}`, () => assert.equal(formatGoDuration(ms), want));

  it('is read back to the same value', () => {
    fc.assert(
      fc.property(fc.integer({ min: -(2 ** 40), max: 2 ** 40 }), (ms) => {
        assert.equal(parseGoDuration(formatGoDuration(ms)), ms);
      }),
    );
  });
});

describe('backoffMs', () => {
  const policy = { firstMs: 1000, maxMs: 300_000 };
  it('doubles up to the maximum', () => {
    assert.deepEqual(
      [0, 1, 2, 20, 1000].map((attempt) => backoffMs(policy, attempt, 1)),
      [1000, 2000, 4000, 300_000, 300_000],
    );
  });
  it('never waits for nothing', () => assert.equal(backoffMs(policy, 0, 0), 100));
});

describe('sleepUntil', () => {
  it('notices a clock that was set forward within one look', async () => {
    const clock = new FakeClock(0);
    let done = false;
    const waiting = sleepUntil(clock, 3_600_000, 60_000).then(() => {
      done = true;
    });
    await clock.advance(60_000);
    clock.jump(7_200_000);
    assert.equal(done, false);
    await clock.advance(60_000);
    await waiting;
  });

  it('goes on waiting after a clock that was set back', async () => {
    const clock = new FakeClock(1_000_000);
    let done = false;
    const waiting = sleepUntil(clock, 1_100_000, 60_000).then(() => {
      done = true;
    });
    await clock.advance(60_000);
    clock.jump(1_000_000);
    await clock.advance(60_000);
    assert.equal(done, false);
    await clock.advance(60_000);
    await waiting;
  });

  it('ends at once when aborted', async () => {
    const abort = new AbortController();
    const waiting = sleepUntil(systemClock, Date.now() + 40 * 86_400_000, 30 * 86_400_000, abort.signal);
    abort.abort();
    await waiting;
  });
});
