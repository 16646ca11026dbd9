import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createLogger } from '../../lib/log/index.ts';
import { FakeClock } from '../../lib/time/fake-clock.ts';
import { createFakeAuthority, day, start } from '../../lib/x509/fake-authority.ts';
import { endsSoon, keepWarning, listEnds, warnOfEnds } from './issuer-expiry.ts';

const end = (notBefore: number, notAfter: number) => ({ role: 'issuer' as const, subject: '', notBefore, notAfter });

describe('endsSoon', () => {
  const rows: [string, lifeDays: number, leftDays: number, soon: boolean][] = [
    ['a month before the end of ten years', 3650, 30, true],
    ['earlier not', 3650, 31, false],
    ['in the last third of a short life', 3, 1, true],
    ['in the second third not', 3, 1.1, false],
    ['after the end', 3650, -1, true],
  ];
  for (const [name, life, left, soon] of rows) {
    it(name, () => assert.equal(endsSoon(end(0, life * day), (life - left) * day), soon));
  }
});

describe('warnings of the end of an authority', () => {
  const logTo = (lines: Record<string, unknown>[]) =>
    createLogger({ name: 'ca', write: (line) => lines.push(JSON.parse(line)) });

  it('name the certificate, its role and the days that are left', async () => {
    const { root, intermediate } = await createFakeAuthority({ intermediate: { notAfter: start + 100 * day } });
    const lines: Record<string, unknown>[] = [];
    const authority = { chain: [intermediate], roots: [root] };
    warnOfEnds(authority, { clock: new FakeClock(start + 80.5 * day), logger: logTo(lines) });
    assert.deepEqual(
      lines.map(({ level, msg, role, subject, daysLeft }) => ({ level, msg, role, subject, daysLeft })),
      [
        {
          level: 'warn',
          msg: 'a certificate of this authority ends soon',
          role: 'issuer',
          subject: intermediate.subject.text,
          daysLeft: 19,
        },
      ],
    );
    assert.deepEqual(
      listEnds(authority).map(({ role, notAfter }) => [role, notAfter]),
      [
        ['issuer', intermediate.notAfter],
        ['root', root.notAfter],
      ],
    );
  });

  it('come every day, of the certificates of that day, and as errors after the end', async () => {
    const old = (await createFakeAuthority({ intermediate: { notAfter: start + 1.5 * day } })).intermediate;
    const next = (await createFakeAuthority()).intermediate;
    const lines: Record<string, unknown>[] = [];
    const clock = new FakeClock(start);
    const stopping = new AbortController();
    let chain = [old];
    const watching = keepWarning(() => ({ chain, roots: [] }), {
      clock,
      logger: logTo(lines),
      signal: stopping.signal,
    });
    await clock.advance(2 * day);
    assert.deepEqual(
      lines.map(({ level }) => level),
      ['warn', 'error'],
    );
    chain = [next];
    await clock.advance(10 * day);
    assert.equal(lines.length, 2);
    stopping.abort();
    await watching;
    assert.equal(clock.sleeping, 0);
  });
});
