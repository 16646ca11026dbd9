import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createLogger } from '../../lib/log/index.ts';
import { FakeClock } from '../../lib/time/fake-clock.ts';
import type { RevocationListRequest } from '../../lib/x509/index.ts';
import type { CertificateStore, RevocationList, RevokedEntry } from './ports.ts';
import { RevocationLists } from './revocation-lists.ts';

const hour = 3_600_000;
const settings = {
  generateOnRevoke: true,
  cacheDurationMs: 24 * hour,
  renewPeriodMs: 16 * hour,
  distributionPoint: 'https://ca.test/1.0/crl',
};
const logger = createLogger({ name: 'test', level: 'error', write: () => {} });

/** The part of a store that lists live in, shared by two replicas. */
function createShelf() {
  const shelf = {
    list: undefined as RevocationList | undefined,
    revoked: [] as RevokedEntry[],
    failing: false,
    updates: 0,
    endedBefore: 0,
  };
  const store: Pick<CertificateStore, 'findRevocationList' | 'updateRevocationList'> = {
    findRevocationList: async () => shelf.list,
    updateRevocationList: async (endedBefore, build) => {
      if (shelf.failing) throw new Error('database away');
      shelf.updates++;
      shelf.endedBefore = endedBefore;
      shelf.list = build(shelf.list, shelf.revoked) ?? shelf.list;
      return shelf.list;
    },
  };
  return Object.assign(shelf, { store });
}

/** Remembers what it was asked to sign. */
const createIssuer = () => {
  const requests: RevocationListRequest[] = [];
  return { requests, issue: (request: RevocationListRequest) => Buffer.from([requests.push(request)]) };
};

describe('revocation lists', () => {
  it('begin with number 0 and count on from what the store has', async () => {
    const [shelf, issuer, clock] = [createShelf(), createIssuer(), new FakeClock()];
    const lists = new RevocationLists(issuer, settings, shelf.store, clock);
    await lists.generate();
    await new RevocationLists(issuer, settings, shelf.store, clock).generate();
    assert.deepEqual(
      issuer.requests.map(({ number }) => number),
      [0, 1],
    );
  });

  it('speak of what was revoked, in whole seconds, until an hour after its end', async () => {
    const [shelf, issuer, clock] = [createShelf(), createIssuer(), new FakeClock(1_000_000_500)];
    shelf.revoked.push({ serial: '42', revokedAt: 900_000_000, reasonCode: 1, expiresAt: undefined });
    await new RevocationLists(issuer, settings, shelf.store, clock).generate();
    assert.deepEqual(issuer.requests, [
      {
        number: 0,
        thisUpdate: 1_000_000_000,
        nextUpdate: 1_000_000_000 + 24 * hour,
        entries: [{ serial: 42n, revokedAt: 900_000_000, reasonCode: 1 }],
        distributionPoint: 'https://ca.test/1.0/crl',
      },
    ]);
    assert.equal(shelf.endedBefore, 1_000_000_500 - hour);
  });

  it('are made once for all who ask while one is made', async () => {
    const [shelf, issuer, clock] = [createShelf(), createIssuer(), new FakeClock()];
    const lists = new RevocationLists(issuer, settings, shelf.store, clock);
    const first = lists.generate();
    await Promise.all([first, ...Array.from({ length: 20 }, () => lists.generate())]);
    assert.ok(issuer.requests.length <= 2, `${issuer.requests.length} lists`);
  });

  it('are made anew when the one that is served is old enough, by one of two replicas', async () => {
    const [shelf, issuer, clock] = [createShelf(), createIssuer(), new FakeClock()];
    const stop = new AbortController();
    const replicas = [0, 1].map(() => new RevocationLists(issuer, settings, shelf.store, clock));
    await replicas[0]?.generate();
    const running = replicas.map((lists) => lists.keep({ logger, signal: stop.signal }));
    await clock.advance(15 * hour);
    assert.equal(issuer.requests.length, 1);
    await clock.advance(34 * hour);
    assert.deepEqual(
      issuer.requests.map(({ number }) => number),
      [0, 1, 2, 3],
    );
    stop.abort();
    await Promise.all(running);
  });

  it('are tried again soon when the database was away', async () => {
    const [shelf, issuer, clock] = [createShelf(), createIssuer(), new FakeClock()];
    const stop = new AbortController();
    const lists = new RevocationLists(issuer, settings, shelf.store, clock);
    await lists.generate();
    const running = lists.keep({ logger, signal: stop.signal });
    shelf.failing = true;
    await clock.advance(16 * hour + 60_000);
    assert.equal(shelf.list?.number, 0);
    shelf.failing = false;
    await clock.advance(60_000);
    assert.equal(shelf.list?.number, 1);
    stop.abort();
    await running;
  });

  it('pass a failure on to who asked, and go on', async () => {
    const [shelf, issuer, clock] = [createShelf(), createIssuer(), new FakeClock()];
    const lists = new RevocationLists(issuer, settings, shelf.store, clock);
    shelf.failing = true;
    await assert.rejects(lists.generate(), /database away/);
    shelf.failing = false;
    await lists.generate();
    assert.equal(shelf.list?.number, 0);
  });
});
