import assert from 'node:assert/strict';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, before, describe, it } from 'node:test';
import fc from 'fast-check';
import type { CertificateStore } from '../authority/ports.ts';
import { GuardedDatabase } from './bind-guard.ts';
import { createMemoryStore, openStore } from './index.ts';
import { databasePath } from './open.ts';

const day = 86_400_000;
const token = (key: string, expiresAt: number | undefined = 10 * day) => ({ key, expiresAt, usedAt: day });
const certificate = (serial: string) => ({
  serial,
  der: new Uint8Array([1, 2, 3]),
  subject: 'web',
  notBefore: 0,
  notAfter: day,
  provisioner: { id: 'admin:kid', name: 'admin', type: 'JWK' },
});

/** What every store promises. */
function contract(name: string, open: () => Promise<CertificateStore>): void {
  describe(`${name}: the contract of a store`, () => {
    let store: CertificateStore;
    before(async () => {
      store = await open();
    });
    after(() => store.close());

    it('takes a token once', async () => {
      assert.deepEqual(await store.useToken(token('once'), () => ({ result: 1 })), { kind: 'used', result: 1 });
      const again = await store.useToken(token('once'), () => assert.fail('issued twice'));
      assert.deepEqual(again, { kind: 'reused' });
    });

    it('takes a token once among many at the same time', async () => {
      const outcomes = await Promise.all(
        Array.from({ length: 200 }, (_, index) => store.useToken(token('race'), () => ({ result: index }))),
      );
      assert.equal(outcomes.filter(({ kind }) => kind === 'used').length, 1);
    });

    it('keeps a token taken when what it was taken for fails', async () => {
      const failing = store.useToken(token('failed'), () => {
        throw new TypeError('not this one');
      });
      await assert.rejects(failing, /not this one/);
      assert.deepEqual(await store.useToken(token('failed'), () => ({ result: 0 })), { kind: 'reused' });
    });

    it('lets one failing change not hurt those beside it', async () => {
      const outcomes = await Promise.allSettled([
        store.useToken(token('beside-1'), () => ({ result: 1 })),
        store.useToken(token('beside-2'), () => {
          throw new TypeError('broken');
        }),
        store.useToken(token('beside-3'), () => ({ result: 3 })),
      ]);
      assert.deepEqual(
        outcomes.map(({ status }) => status),
        ['fulfilled', 'rejected', 'fulfilled'],
      );
    });

    it('forgets tokens that ended, and never one without an end', async () => {
      await store.useToken(token('short', day), () => ({ result: 0 }));
      await store.useToken({ key: 'endless', expiresAt: undefined, usedAt: day }, () => ({ result: 0 }));
      assert.equal(await store.forgetTokens(2 * day), 1);
      assert.equal((await store.useToken(token('short', day), () => ({ result: 0 }))).kind, 'used');
      assert.equal((await store.useToken(token('endless'), () => ({ result: 0 }))).kind, 'reused');
    });
  });
}

contract('memory', async () => createMemoryStore());

describe('the sqlite store', () => {
  let folder = '';
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'autocert-ca-store-'));
  });
  after(() => rm(folder, { recursive: true }));

  contract('sqlite', () => openStore({ type: 'badgerv2', dataSource: join(folder, 'contract') }));

  const open = (name: string) => openStore({ type: 'sqlite', dataSource: join(folder, name) });

  it('keeps tokens, certificates and revocations over a restart', async () => {
    const first = await open('restart.db');
    await first.useToken(token('kept'), () => ({ result: 0, certificate: certificate('17') }));
    await first.addCertificate({ ...certificate('18'), provisioner: undefined, renews: '17' });
    const revocation = {
      serial: '17',
      provisionerId: 'admin:kid',
      reasonCode: 1,
      reason: 'lost',
      revokedAt: day,
      expiresAt: undefined,
      tokenKey: 'kept',
    };
    assert.equal(await first.revoke(revocation), true);
    assert.equal(await first.revoke({ ...revocation, reason: 'again' }), false);
    await first.close();

    const second = await open('restart.db');
    assert.equal((await second.useToken(token('kept'), () => ({ result: 0 }))).kind, 'reused');
    assert.deepEqual(await second.findProvisioner('17'), { id: 'admin:kid', name: 'admin', type: 'JWK' });
    assert.equal(await second.findProvisioner('18'), undefined);
    assert.deepEqual([...((await second.findCertificate('17')) ?? [])], [1, 2, 3]);
    assert.equal(await second.findCertificate('19'), undefined);
    assert.deepEqual([await second.isRevoked('17'), await second.isRevoked('18')], [true, false]);
    await second.close();
  });

  it('refuses a serial number that is taken, and keeps the first', async () => {
    const store = await open('serial.db');
    await store.addCertificate(certificate('1'));
    await assert.rejects(store.addCertificate(certificate('1')), { code: 'ERR_CA_STORE_WRITE', kind: 'internal' });
    await store.close();
  });

  it('lets two processes share a file: the token goes to one of them', async () => {
    const [first, second] = [await open('shared.db'), await open('shared.db')];
    const kinds = [
      await first.useToken(token('x'), () => ({ result: 0 })),
      await second.useToken(token('x'), () => ({ result: 0 })),
    ];
    assert.deepEqual(
      kinds.map(({ kind }) => kind),
      ['used', 'reused'],
    );
    await first.close();
    await second.close();
  });

  it('says which file cannot be opened', async () => {
    await assert.rejects(openStore({ type: 'sqlite', dataSource: folder }), (error: Error) => {
      assert.match(error.message, new RegExp(folder));
      return 'code' in error && error.code === 'ERR_CA_STORE_OPEN';
    });
  });

  it('leaves the database of step-ca alone', async () => {
    assert.equal(databasePath({ type: 'badgerv2', dataSource: '/x/db' }), '/x/db/autocert.sqlite3');
    assert.equal(databasePath({ type: 'bbolt', dataSource: '/x/db' }), '/x/db.autocert.sqlite3');
    const store = await openStore({ type: 'badgerv2', dataSource: join(folder, 'fresh') });
    await store.close();
    assert.equal((await stat(join(folder, 'fresh'))).mode & 0o777, 0o700);
  });
});

describe('GuardedDatabase', () => {
  const database = new GuardedDatabase(new DatabaseSync(':memory:'));
  database.prepare('create table t (a text, b integer, c blob)').run([]);
  const insert = database.prepare('insert into t values (?, ?, ?)');
  after(() => database.close());

  const refused: [string, unknown][] = [
    ['a Date', new Date(0)],
    ['NaN', Number.NaN],
    ['infinity', Number.POSITIVE_INFINITY],
    ['a boolean', true],
    ['undefined', undefined],
    ['a plain object', { a: 1 }],
    ['an array', [1]],
    ['a bigint beyond 64 bits', 2n ** 63n],
    ['an ArrayBuffer', new ArrayBuffer(1)],
    ['a function', () => 1],
  ];
  for (const [name, value] of refused) {
    it(`refuses ${name}`, () => assert.throws(() => insert.run([value, 1, null]), TypeError));
  }

  for (const parameters of [[], ['a', 1], ['a', 1, null, 2]]) {
    it(`refuses ${parameters.length} parameters for three`, () =>
      assert.throws(() => insert.run(parameters), /3 wanted/));
  }

  it('does not take a quoted question mark for a parameter', () => {
    assert.equal(database.prepare(`select '?' as "a?" where 1 = ?`).all([1]).length, 1);
  });

  it('gives back what it was given', () => {
    const values = fc.tuple(
      fc.string({ unit: 'binary' }).filter((text) => text.isWellFormed()),
      fc.maxSafeInteger(),
      fc.uint8Array(),
    );
    fc.assert(
      fc.property(values, ([text, number, blob]) => {
        database.prepare('delete from t').run([]);
        insert.run([text, number, blob]);
        const [row] = database.prepare('select a, b, c from t').all([]) as { a: string; b: number; c: Uint8Array }[];
        assert.deepEqual([row?.a, row?.b, [...(row?.c ?? [])]], [text, number, [...blob]]);
      }),
    );
  });
});
