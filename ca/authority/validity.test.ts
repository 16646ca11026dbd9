import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { builtInClaims } from './claims.ts';
import { decideValidity, formatGoTime, parseTimeOrDuration } from './validity.ts';

const minute = 60_000;
const hour = 60 * minute;
const now = Date.UTC(2026, 0, 31, 12);

describe('parseTimeOrDuration', () => {
  const times: [string, string][] = [
    ['2026-02-28T00:00:00Z', '2026-02-28T00:00:00.000Z'],
    ['2024-02-29T23:59:59Z', '2024-02-29T23:59:59.000Z'],
    ['2026-01-01T01:00:00+02:30', '2025-12-31T22:30:00.000Z'],
    ['2026-01-01T00:00:00.123456789Z', '2026-01-01T00:00:00.123Z'],
  ];
  for (const [text, want] of times) {
    it(`reads the time ${text}`, () =>
      assert.deepEqual(parseTimeOrDuration(text), { kind: 'time', at: Date.parse(want) }));
  }
  for (const [text, ms] of [
    ['90s', 90_000],
    ['-10m', -600_000],
    ['0s', 0],
  ] as const) {
    it(`reads the duration ${text}`, () => assert.deepEqual(parseTimeOrDuration(text), { kind: 'duration', ms }));
  }
  const neither = ['', '1', '1d', '2026-01-01', '2026-01-01T00:00:00', '2026-02-30T00:00:00Z', '2025-02-29T00:00:00Z'];
  for (const text of [...neither, '2026-01-01T24:00:00Z', '2026-13-01T00:00:00Z', '2026-01-01T00:00:60Z', 'tomorrow']) {
    it(`takes "${text}" for neither`, () => assert.equal(parseTimeOrDuration(text), undefined));
  }
  it('never throws', () => {
    fc.assert(fc.property(fc.string(), (text) => void parseTimeOrDuration(text)));
  });
});

describe('decideValidity', () => {
  const decide = (notBefore: string, notAfter: string) => {
    const request = { notBefore: parseTimeOrDuration(notBefore), notAfter: parseTimeOrDuration(notAfter) };
    const validity = decideValidity(request, builtInClaims, minute, now);
    return [validity.notBefore - now, validity.notAfter - now];
  };
  const rows: { name: string; notBefore: string; notAfter: string; want: number[] }[] = [
    { name: 'nothing: backdated, a day from now', notBefore: '', notAfter: '', want: [-minute, 24 * hour] },
    { name: 'an end: counted from now', notBefore: '', notAfter: '1h', want: [-minute, hour] },
    { name: 'a start: no backdate, a day from it', notBefore: '2h', notAfter: '', want: [2 * hour, 26 * hour] },
    { name: 'both: the end counted from the start', notBefore: '2h', notAfter: '1h', want: [2 * hour, 3 * hour] },
    { name: 'a zero start is none', notBefore: '0s', notAfter: '1h', want: [-minute, hour] },
    { name: 'a zero end is none', notBefore: '', notAfter: '0s', want: [-minute, 24 * hour] },
    { name: 'a second is not zero', notBefore: '1s', notAfter: '1h', want: [1000, hour + 1000] },
    { name: 'the backdate counts for the minimum', notBefore: '', notAfter: '4m', want: [-minute, 4 * minute] },
    {
      name: 'the backdate is granted on the maximum',
      notBefore: '1s',
      notAfter: '24h1m',
      want: [1000, 24 * hour + minute + 1000],
    },
  ];
  for (const { name, notBefore, notAfter, want } of rows) {
    it(name, () => assert.deepEqual(decide(notBefore, notAfter), want));
  }

  const refused: [string, string, string, RegExp][] = [
    ['', '3m', 'ERR_VALIDITY_SHORT', /of 4m0s is less than .* of 5m0s$/],
    ['', '24h1s', 'ERR_VALIDITY_LONG', /of 24h1m1s is more than .* of 24h1m0s$/],
    ['', '-1h', 'ERR_VALIDITY_PAST', /na=2026-01-31 11:00:00 \+0000 UTC$/],
    ['2h', '2026-01-31T13:00:00Z', 'ERR_VALIDITY_ORDER', /na=2026-01-31 13:00:00 \+0000 UTC, nb=2026-01-31 14:00:00/],
  ];
  for (const [notBefore, notAfter, code, message] of refused) {
    it(`refuses notBefore "${notBefore}" notAfter "${notAfter}"`, () =>
      assert.throws(() => decide(notBefore, notAfter), { code, message }));
  }
});

it('prints a time as Go does', () => assert.equal(formatGoTime(now + 999), '2026-01-31 12:00:00 +0000 UTC'));
