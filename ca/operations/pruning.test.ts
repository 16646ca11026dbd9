import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createLogger } from '../../lib/log/index.ts';
import { FakeClock } from '../../lib/time/fake-clock.ts';
import type { PruneOutcome, PruneRequest } from '../authority/ports.ts';
import { keepPruned, pruneAll, pruneRequest } from './pruning.ts';
import { parseKeepExpired } from './retention.ts';

const hour = 3_600_000;
const day = 24 * hour;
const start = Date.UTC(2026, 0, 1);

/** A database with so many rows to delete. */
function database(rows: { tokens: number; certificates: number }, faults: (Error | 'busy')[] = []) {
  const requests: PruneRequest[] = [];
  return {
    requests,
    async prune(request: PruneRequest): Promise<PruneOutcome> {
      requests.push(request);
      const fault = faults.shift();
      if (fault === 'busy') return { kind: 'busy' };
      if (fault) throw fault;
      const tokens = Math.min(rows.tokens, request.limit);
      const certificates = Math.min(rows.certificates, request.limit);
      rows.tokens -= tokens;
      rows.certificates -= certificates;
      return { kind: 'pruned', tokens, certificates };
    },
  };
}

describe('pruneRequest', () => {
  it('leaves tokens a day, certificates as long as the operator says', () => {
    const { tokensEndedBefore, certificatesEndedBefore } = pruneRequest({ keepExpiredMs: 5 * day }, start);
    assert.deepEqual([start - tokensEndedBefore, start - Number(certificatesEndedBefore)], [day, 5 * day]);
  });
  it('leaves certificates for good', () =>
    assert.equal(pruneRequest({ keepExpiredMs: undefined }, start).certificatesEndedBefore, undefined));
});

describe('pruneAll', () => {
  it('goes on in small batches, with a rest after each, until nothing is left', async () => {
    const store = database({ tokens: 10, certificates: 240 });
    const clock = new FakeClock(start);
    const { signal } = new AbortController();
    const pruning = pruneAll(store, { keepExpiredMs: day }, { clock, signal });
    await clock.advance(0);
    assert.equal(store.requests.length, 1);
    assert.equal(clock.sleeping, 1);
    await clock.advance(hour);
    assert.deepEqual(await pruning, { tokens: 10, certificates: 240, busy: false });
    assert.equal(store.requests.length, 3);
  });

  it('leaves the work to the process that is at it', async () => {
    const { signal } = new AbortController();
    const clock = new FakeClock(start);
    const outcome = await pruneAll(
      database({ tokens: 1, certificates: 1 }, ['busy']),
      { keepExpiredMs: 0 },
      { clock, signal },
    );
    assert.deepEqual(outcome, { tokens: 0, certificates: 0, busy: true });
  });
});

describe('keepPruned', () => {
  it('prunes every hour, also after a failure, until it is told to stop', async () => {
    const lines: string[] = [];
    const logger = createLogger({ name: 'ca', write: (line) => lines.push(line) });
    const store = database({ tokens: 3, certificates: 0 }, [new Error('away')]);
    const clock = new FakeClock(start);
    const stopping = new AbortController();
    const pruning = keepPruned(store, { keepExpiredMs: day }, { clock, logger, signal: stopping.signal });
    await clock.advance(2.5 * hour);
    assert.equal(store.requests.length, 3);
    assert.match(lines.join(''), /database not pruned.*away[\s\S]*database pruned.*"tokens":3/);
    assert.equal(lines.length, 2, 'nothing is said when nothing was deleted');
    stopping.abort();
    await pruning;
    assert.equal(clock.sleeping, 0);
  });
});

describe('--keep-expired', () => {
  const rows: [string | undefined, number | undefined][] = [
    [undefined, 30 * day],
    ['720h', 30 * day],
    ['0s', 0],
    ['forever', undefined],
  ];
  for (const [text, want] of rows) it(`${text} is ${want}`, () => assert.equal(parseKeepExpired(text), want));
  for (const text of ['', 'long', '-1h', '30d']) {
    it(`refuses ${JSON.stringify(text)}`, () => assert.throws(() => parseKeepExpired(text), { code: 'ERR_CA_FLAG' }));
  }
});
