import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, before, describe, it } from 'node:test';
import { createFakeAuthority } from '../../lib/x509/fake-authority.ts';
import { certificate, revocation, token } from '../../test/integration/ca-store/contract.ts';
import { schemaVersion } from './migrations.ts';
import { openSqliteStore } from './sqlite/store.ts';

/** What the first release made: versions were kept by kysely. */
const firstRelease = `
CREATE TABLE "kysely_migration" ("name" varchar(255) not null primary key, "timestamp" varchar(255) not null);
INSERT INTO kysely_migration VALUES ('0001-core', '2026-11-23T00:00:00.000Z');
CREATE TABLE "certificates" ("serial" text primary key, "der" blob not null, "subject" text not null,
  "not_before" integer not null, "not_after" integer not null, "provisioner_id" text, "provisioner_name" text,
  "provisioner_type" text, "renews" text);
CREATE TABLE "used_tokens" ("key" text primary key, "expires_at" integer, "used_at" integer not null);
CREATE INDEX "used_tokens_by_end" on "used_tokens" ("expires_at");
CREATE TABLE "revoked_certificates" ("serial" text primary key, "provisioner_id" text, "reason_code" integer not null,
  "reason" text not null, "revoked_at" integer not null, "expires_at" integer, "token_key" text);
`;

describe('migrations on SQLite', () => {
  let folder = '';
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'autocert-migrations-'));
  });
  after(() => rm(folder, { recursive: true }));

  it('take over a database of the first release, with all that is in it', async () => {
    const path = join(folder, 'first.db');
    const leaf = await (await createFakeAuthority()).leaf({
      subject: { commonName: 'Web' },
      sans: { dns: ['Web', 'www.example'], ip: ['10.0.0.7'], email: [], uri: [] },
    });
    const old = new DatabaseSync(path);
    old.exec(firstRelease);
    const insert = old.prepare('INSERT INTO certificates VALUES (?, ?, ?, 0, 1000, ?, ?, ?, NULL)');
    insert.run('1', leaf.der, 'Web', 'admin:kid', 'admin', 'JWK');
    insert.run('2', new Uint8Array([1]), 'Unreadable', null, null, null);
    old.exec("INSERT INTO used_tokens VALUES ('old', NULL, 0)");
    old.exec("INSERT INTO revoked_certificates VALUES ('2', NULL, 0, '', 0, NULL, NULL)");
    old.close();

    const store = await openSqliteStore(path);
    assert.equal((await store.useToken(token('old'), () => ({ result: 0 }))).kind, 'reused');
    assert.deepEqual(Buffer.from((await store.findCertificate('1')) ?? []), leaf.der);
    assert.equal((await store.findProvisioner('1'))?.name, 'admin');
    assert.equal(await store.isRevoked('2'), true);
    await store.addCertificate(certificate('3'));
    await store.close();
    assert.deepEqual(rows(path, 'SELECT serial, names FROM certificates ORDER BY serial'), [
      { serial: '1', names: 'web www.example 10.0.0.7' },
      { serial: '2', names: 'unreadable' },
      { serial: '3', names: 'web www.example' },
    ]);
    assert.equal(rows(path, 'SELECT * FROM schema_versions').length, schemaVersion);
  });

  it('refuse a database that a newer release has changed, and leave it alone', async () => {
    const path = join(folder, 'newer.db');
    await (await openSqliteStore(path)).close();
    const database = new DatabaseSync(path);
    database.exec(`INSERT INTO schema_versions VALUES (${schemaVersion + 1}, 'of tomorrow', 0)`);
    database.close();
    await assert.rejects(openSqliteStore(path), (error: Error & { code?: string }) => {
      assert.equal(error.code, 'ERR_CA_STORE_NEWER');
      assert.match(error.message, new RegExp(`version ${schemaVersion + 1}, this program knows ${schemaVersion}`));
      return true;
    });
    await assert.rejects(openSqliteStore(path, { migrate: false }), { code: 'ERR_CA_STORE_NEWER' });
  });

  it('are not made by a program that only looks', async () => {
    const path = join(folder, 'looked-at.db');
    const old = new DatabaseSync(path);
    old.exec(firstRelease);
    old.close();
    await assert.rejects(openSqliteStore(path, { migrate: false }), { code: 'ERR_CA_STORE_OUTDATED' });
    assert.deepEqual(rows(path, "SELECT name FROM sqlite_master WHERE name = 'schema_versions'"), []);
  });

  it('leave the old version when they fail half way', async () => {
    const path = join(folder, 'half.db');
    const old = new DatabaseSync(path);
    old.exec(firstRelease);
    old.exec('CREATE TABLE revocation_lists (somebody TEXT)'); // the last statement of a migration fails
    old.close();
    await assert.rejects(openSqliteStore(path), { code: 'ERR_CA_STORE_OPEN' });
    assert.ok(!rows(path, "SELECT name FROM pragma_table_info('certificates')").some(({ name }) => name === 'names'));
  });

  it('run once when three processes start at the same time', async () => {
    const path = join(folder, 'three.db');
    const program = `
      const { openSqliteStore } = await import(${JSON.stringify(join(import.meta.dirname, 'sqlite/store.ts'))});
      const store = await openSqliteStore(${JSON.stringify(path)});
      await store.revoke(${JSON.stringify(revocation('1'))});
      await store.close();`;
    const codes = await Promise.all(
      [1, 2, 3].map(async () => {
        const child = spawn(process.execPath, ['--input-type=module', '--eval', program], { stdio: 'inherit' });
        await once(child, 'exit');
        return child.exitCode;
      }),
    );
    assert.deepEqual(codes, [0, 0, 0]);
    assert.equal(rows(path, 'SELECT * FROM schema_versions').length, schemaVersion);
  });
});

function rows(path: string, sql: string): Record<string, unknown>[] {
  const database = new DatabaseSync(path);
  try {
    return database
      .prepare(sql)
      .all()
      .map((row) => ({ ...row }));
  } finally {
    database.close();
  }
}
