import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { jitterOf, longestExchangeMs, longestRetryMs, pickRenewalTime, shortestPauseMs } from './schedule.ts';

describe('pickRenewalTime', () => {
  const rows = [
    { name: 'two thirds into the life without jitter', jitter: 0, want: 60 },
    { name: 'a twentieth of the life earlier with full jitter', jitter: 1, want: 55.5 },
  ];
  for (const { name, jitter, want } of rows) {
    it(name, () => assert.equal(pickRenewalTime({ notBefore: 0, notAfter: 90 }, jitter), want));
  }

  it('lies within the life, whatever it is', () => {
    const time = fc.integer({ min: 0, max: 2 ** 42 });
    fc.assert(
      fc.property(time, time, fc.bigInt({ min: 1n, max: 2n ** 128n }), (a, b, serial) => {
        const validity = { notBefore: Math.min(a, b), notAfter: Math.max(a, b) };
        const due = pickRenewalTime(validity, jitterOf(serial));
        assert.ok(due >= validity.notBefore && due <= validity.notAfter);
      }),
    );
  });
});

describe('jitterOf', () => {
  it('is the same for a certificate each time, and spread over certificates', () => {
    assert.equal(jitterOf(12345n), jitterOf(12345n));
    const drawn = Array.from({ length: 400 }, (_, index) => jitterOf(BigInt(index)));
    for (let tenth = 0; tenth < 10; tenth++) {
      const share = drawn.filter((jitter) => Math.floor(jitter * 10) === tenth).length;
      assert.ok(share > 15 && share < 75, `${share} of 400 in tenth ${tenth}`);
    }
  });
});

describe('pauses', () => {
  const hours = (count: number) => ({ notBefore: 0, notAfter: count * 3_600_000 });
  it('between renewals are a twentieth of the life, at least a second', () => {
    assert.deepEqual(
      [shortestPauseMs(hours(20)), shortestPauseMs({ notBefore: 0, notAfter: 5000 })],
      [3_600_000, 1000],
    );
  });
  it('between attempts are five minutes at most, less for a short life', () => {
    assert.deepEqual([longestRetryMs(hours(24)), longestRetryMs(hours(1))], [300_000, 180_000]);
  });

  it('waits for an answer so that several attempts fit between renewal and end', () => {
    assert.equal(longestExchangeMs(hours(24)), 15_000);
    const minute = { notBefore: 0, notAfter: 60_000 };
    assert.ok(3 * longestExchangeMs(minute) <= minute.notAfter - pickRenewalTime(minute, 0));
  });
});
