/** The CA's store on a real PostgreSQL: the contract of every store, and what only a server does: go away, refuse, race. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { openDatabase, openStore } from '../../ca/store/index.ts';
import { schemaVersion } from '../../ca/store/migrations.ts';
import { encodePrivateKeyPem, generatePrivateKey, publicKeyDer } from '../../lib/crypto/index.ts';
import { encodePem } from '../../lib/encoding/index.ts';
import { createFakeAuthority } from '../../lib/x509/fake-authority.ts';
import { peerPath } from '../../tools/peers/index.ts';
import { type PostgresServer, startPostgres } from '../peers/postgresql.ts';
import { archiveContract } from './ca-store/archive-contract.ts';
import { certificate, day, persistentContract, revocation, storeContract, token } from './ca-store/contract.ts';

describe('the store on PostgreSQL', () => {
  let server: PostgresServer;
  before(async () => {
    server = await startPostgres();
  });
  after(() => server?.remove());

  const open = (database: string) => openStore({ type: 'postgresql', dataSource: server.address(), database });

  storeContract('postgresql', () => open('contract'));
  persistentContract('postgresql', () => open('persistent'));

  const database = (name: string) => ({ type: 'postgresql', dataSource: server.address(), database: name });
  archiveContract(
    'postgresql',
    () => openDatabase(database('archive')),
    () => openDatabase(database('other')),
  );

  it('is made once when five replicas start at the same time, the database too', async () => {
    const stores = await Promise.all(Array.from({ length: 5 }, () => open('together')));
    await Promise.all(stores.map((store, index) => store.revoke(revocation(String(index)))));
    await Promise.all(stores.map((store) => store.close()));
    assert.equal((await server.query('select * from schema_versions', 'together')).length, schemaVersion);
  });

  it('takes over tables of the release before, once among three that start together, and waits for them', async () => {
    const leaf = await (await createFakeAuthority()).leaf();
    const before = await open('older');
    await before.addCertificate({ ...certificate('1'), der: leaf.der, subject: leaf.commonName });
    await before.revoke(revocation('1'));
    await before.close();
    await server.query(
      `drop table revocation_lists; alter table certificates drop column names;
       drop index certificates_by_end; delete from schema_versions where version > 1`,
      'older',
    );
    const slow = await heldRow(server, 'older', 'lock table certificates in access exclusive mode');
    const opening = [open('older'), open('older'), open('older')];
    await untilTrue(async () => (await server.query(waitingSql('%'), 'older')).length === 3);
    await slow.release();
    const stores = await Promise.all(opening);
    assert.ok((await Promise.all(stores.map((store) => store.isRevoked('1')))).every((revoked) => revoked));
    await Promise.all(stores.map((store) => store.close()));
    assert.equal((await server.query('select * from schema_versions', 'older')).length, schemaVersion);
    assert.deepEqual(await server.query('select names from certificates', 'older'), [{ names: 'web.test' }]);
  });

  it('is backed up and put back by the tools of PostgreSQL', async () => {
    const store = await open('dumped');
    await store.useToken(token('dumped'), () => ({ result: 0, certificate: certificate('1') }));
    await store.close();
    const folder = await mkdtemp(join(tmpdir(), 'autocert-dump-'));
    try {
      const dump = join(folder, 'ca.dump');
      const run = (program: string, ...args: string[]) => promisify(execFile)(peerPath(program), args);
      await run('pg_dump', '--format=custom', `--file=${dump}`, server.address('dumped'));
      for (const target of ['restored', 'restored']) {
        await (await open(target)).close(); // the CA may have made the tables already
        await run('pg_restore', `--dbname=${server.address(target)}`, '--clean', '--if-exists', dump);
      }
      const restored = await open('restored');
      assert.ok(await restored.findCertificate('1'));
      assert.equal((await restored.useToken(token('dumped'), () => ({ result: 0 }))).kind, 'reused');
      await restored.close();
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('refuses a database that a newer release has changed', async () => {
    await (await open('newer')).close();
    await server.query(`insert into schema_versions values (${schemaVersion + 1}, 'of tomorrow', 0)`, 'newer');
    await assert.rejects(open('newer'), { code: 'ERR_CA_STORE_NEWER' });
  });

  it('changes nothing for a program that only looks', async () => {
    await server.query('create database untouched');
    const look = (database: string) =>
      openStore({ type: 'postgresql', dataSource: server.address(), database }, { migrate: false });
    await assert.rejects(look('untouched'), { code: 'ERR_CA_STORE_OUTDATED' });
    await assert.rejects(look('nowhere'), { code: 'ERR_CA_STORE_CONNECT' });
    const tables = "select * from pg_tables where schemaname = 'public'";
    assert.deepEqual(await server.query(tables, 'untouched'), []);
  });

  it('is reached over TCP as well, with keywords, and with settings of the session', async () => {
    await server.query('create database addressed');
    await server.query('create schema ca', 'addressed');
    const url = new URL(server.tcpAddress('addressed'));
    const dataSource = `host=${url.hostname} port=${url.port} user=postgres dbname=addressed search_path=ca`;
    const store = await openStore({ type: 'postgresql', dataSource });
    await store.addCertificate(certificate('1'));
    await store.close();
    assert.deepEqual(await server.query('select serial from ca.certificates', 'addressed'), [{ serial: '1' }]);
  });

  it('answers after the disk has it, also where the server is set to answer before', async () => {
    await server.query('create database hasty');
    await server.query('alter database hasty set synchronous_commit = off');
    await server.query(
      `create table seen (setting text);
       create function look() returns trigger language plpgsql as $$ begin
         insert into seen values (current_setting('synchronous_commit')); return null; end $$`,
      'hasty',
    );
    const store = await open('hasty');
    await server.query('create trigger look after insert on certificates execute function look()', 'hasty');
    await store.addCertificate(certificate('1'));
    await store.close();
    assert.deepEqual(await server.query('select * from seen', 'hasty'), [{ setting: 'on' }]);
  });

  it('says where it cannot get in, and not with which password', async () => {
    const dataSource = 'postgresql://ca:hunter2@127.0.0.1:1/x?connect_timeout=2';
    await assert.rejects(openStore({ type: 'postgresql', dataSource }), (error: Error & { code?: string }) => {
      assert.equal(error.code, 'ERR_CA_STORE_CONNECT');
      assert.match(error.message, /x on 127\.0\.0\.1:1/);
      assert.ok(!`${error.message} ${error.cause} ${error.stack}`.includes('hunter2'));
      return true;
    });
  });

  it('takes TLS as sslmode says, and no other server for it', async () => {
    const authority = await createFakeAuthority({ root: { notBefore: Date.now() - day, notAfter: Date.now() + day } });
    const key = await generatePrivateKey();
    const leaf = await authority.leaf({
      sans: { dns: ['localhost'], ip: [], email: [], uri: [] },
      publicKeyDer: publicKeyDer(key),
      notBefore: Date.now() - 1000,
      notAfter: Date.now() + day,
    });
    const pem = ({ der }: { der: Buffer }) => encodePem('CERTIFICATE', der);
    const own = await startPostgres({
      tls: { certificatePem: pem(leaf) + pem(authority.intermediate), keyPem: encodePrivateKeyPem(key) },
    });
    const folder = await mkdtemp(join(tmpdir(), 'autocert-roots-'));
    try {
      const [root, stranger] = [join(folder, 'root.crt'), join(folder, 'stranger.crt')];
      await writeFile(root, pem(authority.root));
      await writeFile(stranger, pem((await createFakeAuthority()).root));
      const { port } = new URL(own.tcpAddress());
      const usesTls = async (host: string, query: string): Promise<boolean> => {
        const store = await openStore({
          type: 'postgresql',
          dataSource: `postgresql://postgres@${host}:${port}/?${query}`,
        });
        const sessions = await own.query(
          "select ssl from pg_stat_ssl join pg_stat_activity using (pid) where application_name = 'autocert-ca'",
        );
        await store.close();
        return sessions.length > 0 && sessions.every(({ ssl }) => ssl === true);
      };
      assert.equal(await usesTls('localhost', 'sslmode=disable'), false);
      assert.equal(await usesTls('localhost', ''), true);
      assert.equal(await usesTls('127.0.0.1', 'sslmode=require'), true);
      assert.equal(await usesTls('localhost', `sslmode=verify-full&sslrootcert=${root}`), true);
      assert.equal(await usesTls('127.0.0.1', `sslmode=verify-ca&sslrootcert=${root}`), true);
      for (const [host, query] of [
        ['127.0.0.1', `sslmode=verify-full&sslrootcert=${root}`],
        ['localhost', `sslmode=verify-full&sslrootcert=${stranger}`],
        ['localhost', `sslmode=verify-ca&sslrootcert=${stranger}`],
        ['localhost', `sslmode=require&sslrootcert=${stranger}`],
        ['localhost', 'sslmode=verify-full'],
      ] as const) {
        await assert.rejects(usesTls(host, query), { code: 'ERR_CA_STORE_CONNECT' }, query);
      }
      const plain = new URL(server.tcpAddress()).port;
      const required = `postgresql://postgres@127.0.0.1:${plain}/?sslmode=require`;
      await assert.rejects(openStore({ type: 'postgresql', dataSource: required }), { code: 'ERR_CA_STORE_CONNECT' });
      await (await openStore({ type: 'postgresql', dataSource: required.replace('require', 'prefer') })).close();
    } finally {
      await rm(folder, { recursive: true });
      await own.remove();
    }
  });

  it('lets one process prune at a time', async () => {
    const [one, other] = [await open('pruned'), await open('pruned')];
    for (let index = 0; index < 50; index++) await one.useToken(token(`t${index}`, 10), () => ({ result: 0 }));
    const request = { tokensEndedBefore: 20, certificatesEndedBefore: undefined, limit: 50 };
    // a row that somebody holds makes the first one wait inside its transaction
    const held = await heldRow(server, 'pruned', "select * from used_tokens where key = 't0' for update");
    const first = one.prune(request);
    await untilTrue(async () => (await server.query(waitingSql('delete%'), 'pruned')).length > 0);
    assert.deepEqual(await other.prune(request), { kind: 'busy' });
    await held.release();
    assert.deepEqual(await first, { kind: 'pruned', tokens: 50, certificates: 0 });
    await Promise.all([one.close(), other.close()]);
  });

  it('fails at once while the server is away, and goes on when it is back', async () => {
    const own = await startPostgres();
    try {
      const store = await openStore({ type: 'postgresql', dataSource: own.address() });
      await store.addCertificate(certificate('1'));
      await own.stop('immediate');
      await assert.rejects(store.addCertificate(certificate('2')), { code: 'ERR_CA_STORE_UNAVAILABLE' });
      await assert.rejects(store.isRevoked('1'), { code: 'ERR_CA_STORE_UNAVAILABLE' });
      assert.equal(store.ready(), false);
      await own.start();
      await untilTrue(() => store.ready());
      assert.ok(await store.findCertificate('1'), 'what was answered before the crash');
      await store.addCertificate(certificate('3'));
      await store.close();
    } finally {
      await own.remove();
    }
  });

  it('survives the end of every connection', async () => {
    const store = await open('cut');
    await store.addCertificate(certificate('1'));
    await server.query(
      "select pg_terminate_backend(pid) from pg_stat_activity where datname = 'cut' and pid <> pg_backend_pid()",
      'cut',
    );
    await untilTrue(async () => {
      try {
        return (await store.findCertificate('1')) !== undefined;
      } catch (error) {
        assert.equal((error as { code?: string }).code, 'ERR_CA_STORE_UNAVAILABLE');
        return false;
      }
    });
    await store.close();
  });

  it('closes while the server is away', async () => {
    const own = await startPostgres();
    const store = await openStore({ type: 'postgresql', dataSource: own.address() });
    await own.remove();
    await assert.rejects(store.isRevoked('1'), { code: 'ERR_CA_STORE_UNAVAILABLE' });
    await store.close();
  });
});

/** Sessions that wait for a lock of another one. */
const waitingSql = (query: string): string =>
  `select pid from pg_stat_activity
   where wait_event_type = 'Lock' and query like '${query}' and datname = current_database()`;

async function heldRow(server: PostgresServer, database: string, sql: string) {
  const { Client } = (await import('pg')).default;
  const url = new URL(server.tcpAddress(database));
  const client = new Client({ host: url.hostname, port: Number(url.port), user: 'postgres', database });
  await client.connect();
  await client.query('begin');
  await client.query(sql);
  return { release: () => client.end() };
}

async function untilTrue(condition: () => boolean | Promise<boolean>): Promise<void> {
  const { setTimeout: delay } = await import('node:timers/promises');
  for (let waited = 0; !(await condition()); waited += 10) {
    assert.ok(waited < 20_000, 'it did not come to pass');
    await delay(10);
  }
}
