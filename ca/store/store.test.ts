import assert from 'node:assert/strict';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, before, describe, it } from 'node:test';
import fc from 'fast-check';
import { archiveContract } from '../../test/integration/ca-store/archive-contract.ts';
import {
  certificate,
  persistentContract,
  revocation,
  storeContract,
  token,
} from '../../test/integration/ca-store/contract.ts';
import { createMemoryStore, openDatabase, openStore } from './index.ts';
import { databasePath } from './open.ts';
import { GuardedDatabase } from './sqlite/bind-guard.ts';
import { openSqliteStore } from './sqlite/store.ts';

storeContract('memory', async () => createMemoryStore());

describe('the sqlite store', () => {
  let folder = '';
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'autocert-ca-store-'));
  });
  after(() => rm(folder, { recursive: true }));

  storeContract('sqlite', () => openStore({ type: 'badgerv2', dataSource: join(folder, 'contract') }));
  persistentContract('sqlite', () => openStore({ type: 'sqlite', dataSource: join(folder, 'persistent.db') }));

  archiveContract(
    'sqlite',
    () => openDatabase({ type: 'sqlite', dataSource: join(folder, 'archive.db') }),
    () => openDatabase({ type: 'sqlite', dataSource: join(folder, 'other.db') }),
  );

  const open = (name: string) => openStore({ type: 'sqlite', dataSource: join(folder, name) });

  it('keeps tokens, certificates and revocations over a restart', async () => {
    const first = await open('restart.db');
    await first.useToken(token('kept'), () => ({ result: 0, certificate: certificate('17') }));
    await first.revoke(revocation('17'));
    await first.close();

    const second = await open('restart.db');
    assert.equal((await second.useToken(token('kept'), () => ({ result: 0 }))).kind, 'reused');
    assert.deepEqual([...((await second.findCertificate('17')) ?? [])], [1, 2, 3]);
    assert.equal(await second.isRevoked('17'), true);
    await second.close();
  });

  it('answers nothing that the disk did not keep, and nothing any more after that', async () => {
    let disk: Error | undefined;
    const sync = async () => {
      if (disk) throw disk;
    };
    const store = await openSqliteStore(join(folder, 'disk.db'), { sync });
    await store.addCertificate(certificate('1'));
    disk = new Error('EIO');
    await assert.rejects(store.addCertificate(certificate('2')), { code: 'ERR_CA_STORE_FAILED', kind: 'unavailable' });
    assert.equal(store.ready(), false);
    disk = undefined; // the kernel has dropped what it could not write: a later success proves nothing
    await assert.rejects(store.addCertificate(certificate('3')), { code: 'ERR_CA_STORE_FAILED' });
    await store.close();
  });

  it('waits for the disk before it answers, and lets commits share the wait', async () => {
    const waiting: (() => void)[] = [];
    const sync = () => new Promise<void>((resolve) => waiting.push(resolve));
    const store = await openSqliteStore(join(folder, 'slow.db'), { sync });
    let answered = 0;
    const add = (serial: string) => store.addCertificate(certificate(serial)).then(() => answered++);
    const first = add('1');
    await untilTrue(() => waiting.length === 1);
    const later = [add('2'), add('3')];
    await untilTrue(async () => (await store.findCertificate('3')) !== undefined);
    assert.equal(answered, 0);
    waiting.shift()?.();
    await first;
    await untilTrue(() => waiting.length === 1);
    assert.equal(answered, 1, 'the sync that was under way does not count for those who came after it began');
    waiting.shift()?.();
    await Promise.all(later);
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

/** Turns of the event loop, not time. */
async function untilTrue(condition: () => boolean | Promise<boolean>): Promise<void> {
  for (let turn = 0; !(await condition()); turn++) {
    assert.ok(turn < 10_000, 'it did not come to pass');
    await new Promise((resolve) => setImmediate(resolve));
  }
}

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
