/** The commands of operators on the database of a CA that runs: found, shown, exported, pruned, backed up, restored. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readdir, readFile, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, it } from 'node:test';
import { promisify } from 'node:util';
import { gunzipSync, gzipSync } from 'node:zlib';
import { parseCertificateChainPem, serialDecimal, serialHex } from '../../lib/x509/index.ts';
import { type CaJson, type CaProcess, tryOurs } from '../peers/certificate-authority.ts';
import { startPostgres } from '../peers/postgresql.ts';
import { leafOf, renewOverTls, sign, useCa } from './ca-fixture.ts';
import { ask } from './ca-requests.ts';

const autocert = join(import.meta.dirname, '../../bin/autocert');

describe('operations on the database of a running CA', () => {
  const ca = useCa();

  const run = async (...args: string[]) => {
    const { code, output } = await tryOurs(args, ca.files.folder, ca.files.folder);
    assert.equal(code, 0, output);
    return output;
  };
  const fail = async (...args: string[]) => {
    const { code, output } = await tryOurs(args, ca.files.folder, ca.files.folder);
    assert.notEqual(code, 0, output);
    return output;
  };
  const at = (name: string) => join(ca.files.folder, name);
  const issue = async ({ port }: CaProcess, name: string, more: string[] = []) => {
    const sans = [name, ...more];
    const key = await ca.bench.keyOf('EC-P256');
    const csr = ca.bench.csr({ commonName: name, sans, key });
    const answer = await sign(port, ca.bench, { csr, ott: ca.bench.token({ sub: name, sans }) });
    assert.equal(answer.status, 201);
    return { certificate: leafOf(answer), key, chainPem: `${answer.body.crt}${answer.body.ca}` };
  };

  it('lists, searches, shows and exports, with revocations and renewals', async () => {
    const server = await ca.start();
    const web = await issue(server, 'web.example', ['www.example', '10.0.0.7']);
    const api = await issue(server, 'api.example');
    const renewed = leafOf(await renewOverTls(server.port, web));
    const serial = serialDecimal(api.certificate);
    const ott = ca.bench.token({ aud: 'https://localhost/1.0/revoke', sub: serial, sans: undefined });
    const revoke = JSON.stringify({ serial, ott, passive: true, reasonCode: 1, reason: 'lost' });
    assert.equal((await ask(server.port, '/revoke', { body: revoke })).status, 200);

    const json = async (...args: string[]) => JSON.parse(await run('certificate', ...args, '--json'));
    const listed = await json('list');
    assert.equal(listed.length, 3);
    const [found] = await json('search', 'api');
    assert.deepEqual(
      [found.serialNumber, found.state, found.revoked.reasonCode, found.revoked.reason, found.provisioner.name],
      [serial, 'revoked', 1, 'lost', 'admin'],
    );
    assert.deepEqual(
      (await json('search', '10.0.0.')).map(({ names }: { names: string[] }) => names),
      [
        ['web.example', 'www.example', '10.0.0.7'],
        ['web.example', 'www.example', '10.0.0.7'],
      ],
    );
    assert.equal((await json('list', '--state', 'valid', '--expires-in', '48h')).length, 2);
    assert.equal((await json('list', '--expires-in', '1h')).length, 0);
    assert.equal((await json('list', '--name', 'WEB.example')).length, 2);
    assert.equal((await json('search', serialHex(api.certificate))).length, 1);
    const shown = await json('show', serialDecimal(renewed));
    assert.equal(shown.renews, serialDecimal(web.certificate));
    assert.ok(parseCertificateChainPem(shown.pem)[0]?.der.equals(renewed.der));

    const table = await run('certificate', 'list');
    assert.match(table, /^NAMES +STATE +ENDS +PROVISIONER +SERIAL NUMBER\n/);
    assert.match(table, new RegExp(`^api\\.example +revoked +\\S+Z +admin +${serial}$`, 'm'));
    const details = await run('certificate', 'show', `0x${serialHex(api.certificate)}`);
    assert.match(details, /^Revoked: +\S+Z \(keyCompromise: lost\)$/m);
    assert.match(await run('certificate', 'list', '--limit', '1'), /The first 1; --limit 0 shows all/);

    await run('certificate', 'export', '--name', 'web.example', '--out', at('web.pem'));
    assert.equal(parseCertificateChainPem(await readFile(at('web.pem'), 'utf8')).length, 2);
    assert.match(await fail('certificate', 'export', serial, '--out', at('web.pem')), /exists already/);
    await run('certificate', 'export', serial, '--format', 'der', '--out', at('api.der'));
    const { stdout } = await promisify(execFile)('openssl', [
      'x509',
      '-inform',
      'DER',
      '-in',
      at('api.der'),
      '-subject',
      '-noout',
    ]);
    assert.match(stdout, /api\.example/);
    const lines = (await run('certificate', 'export', '--format', 'json')).trim().split('\n');
    assert.equal(lines.length, 3);
    assert.match(await fail('certificate', 'show', '12345'), /not in the database/);
    assert.match(await fail('certificate', 'show', 'xyz'), /neither decimal nor hexadecimal/);
    assert.match(await fail('certificate', 'list', '--expires-in', 'soon'), /is not a duration/);
  });

  it('is reached through the command, and leaves hosts of those names a way', async () => {
    const server = await ca.start();
    await issue(server, 'web.example');
    const env = { STEPPATH: ca.files.folder, HOME: ca.files.folder, PATH: process.env.PATH };
    const { stdout } = await promisify(execFile)(autocert, ['ca', 'certificate', 'list', '--json'], { env });
    assert.equal(JSON.parse(stdout).length, 1);
    const asked = promisify(execFile)(autocert, ['ca', 'certificate', '--', 'list', at('x.crt')], { env });
    await assert.rejects(asked, ({ stderr }: { stderr: string }) => /key-file/.test(stderr)); // the command for certificates
  });

  it('prunes what has ended, and not what has not', async () => {
    const server = await ca.start();
    const { certificate } = await issue(server, 'web.example');
    const database = new DatabaseSync(at('db/autocert.sqlite3'), { timeout: 5000 });
    const old = database.prepare(
      "INSERT INTO certificates (serial, der, subject, names, not_before, not_after) VALUES (?, x'00', 'old', 'old', 0, ?)",
    );
    for (let index = 0; index < 1200; index++) old.run(String(index), Date.now() - 3_600_000);
    database.exec("INSERT INTO used_tokens VALUES ('ended', 1000, 0), ('endless', NULL, 0)");
    assert.match(await run('prune'), /deleted: 0 certificates, 1 token\n/);
    assert.match(await run('prune', '--keep-expired', 'forever'), /deleted: 0 certificates, 0 tokens/);
    assert.match(await run('prune', '--keep-expired', '30m', '--json'), /"certificates":1200/);
    assert.match(await fail('prune', '--keep-expired', 'long'), /is not a duration/);
    const left = database.prepare('SELECT serial FROM certificates').all();
    assert.deepEqual(
      left.map((row) => row.serial),
      [serialDecimal(certificate)],
    );
    assert.equal(database.prepare("SELECT 1 FROM used_tokens WHERE key = 'endless'").all().length, 1);
    database.close();
  });

  it('backs up while certificates are issued, and restores into PostgreSQL', async () => {
    const server = await ca.start();
    const first = await issue(server, 'first.example');
    let issuing = true;
    let issued = 0;
    const load = (async () => {
      for (; issuing; issued++) await issue(server, `load-${issued}.example`);
    })();
    const counts = JSON.parse(await run('backup', at('ca.backup'), '--json'));
    issuing = false;
    await load;
    assert.ok(counts.certificates >= 1 && counts.certificates === counts.used_tokens, JSON.stringify(counts));
    assert.equal((await stat(at('ca.backup'))).mode & 0o777, 0o600);
    assert.match(await fail('backup', at('ca.backup')), /exists already/);
    await run('backup', at('ca.backup'), '--force');
    assert.deepEqual(
      (await readdir(ca.files.folder)).filter((name) => name.includes('.part-')),
      [],
    );

    const postgres = await startPostgres();
    try {
      const config = JSON.parse(await readFile(ca.files.configPath, 'utf8')) as CaJson;
      config.db = { type: 'postgresql', dataSource: postgres.address('moved') };
      await writeFile(at('moved.json'), JSON.stringify(config));
      await run('restore', at('ca.backup'), '--config', at('moved.json'));
      assert.match(await run('restore', at('ca.backup'), '--config', at('moved.json')), /added: 0 certificates/);
      await server.kill();
      const moved = await ca.restart({ ...ca.files, configPath: at('moved.json') });
      assert.equal((await renewOverTls(moved.port, first)).status, 201);
      const found = JSON.parse(await run('certificate', 'search', 'first', '--json', '--config', at('moved.json')));
      assert.equal(found.length, 2);
      // and the way back, beside the running CA
      await run('backup', at('moved.backup'), '--config', at('moved.json'));
      assert.match(await run('restore', at('moved.backup')), /added: 1 certificate,/);
      await moved.kill();
    } finally {
      await postgres.remove();
    }
  });

  it('restores nothing of a file that is not what was written', async () => {
    const server = await ca.start();
    await issue(server, 'web.example');
    await run('backup', at('good.backup'));
    await server.kill();
    const text = gunzipSync(await readFile(at('good.backup'))).toString();
    const bad: [name: string, bytes: string | Buffer, message: RegExp][] = [
      ['no gzip', 'hello', /cannot be read/],
      ['nothing', gzipSync(''), /ends too early/],
      ['another file', gzipSync('{"a":1}\n'), /is not a backup/],
      ['no JSON', gzipSync('hello\n'), /cannot be read/],
      ['without its end', gzipSync(`${text.split('\n').slice(0, -2).join('\n')}\n`), /ends too early/],
      ['cut in a line', gzipSync(text.slice(0, -20)), /within a line/],
      ['changed', gzipSync(text.replace('web.example', 'evil.example')), /is damaged/],
      ['of tomorrow', gzipSync(text.replace('"schemaVersion":', '"schemaVersion":9')), /newer release/],
      ['with a strange row', gzipSync(text.replace('["used_tokens",', '["users",')), /row that is not one/],
    ];
    for (const [name, bytes, message] of bad) {
      await writeFile(at('bad.backup'), bytes);
      assert.match(await fail('restore', at('bad.backup')), message, name);
    }
    await writeFile(at('bad.backup'), await readFile(at('good.backup')));
    await truncate(at('bad.backup'), (await stat(at('bad.backup'))).size - 20);
    assert.match(await fail('restore', at('bad.backup')), /cannot be read/);
    assert.match(await fail('restore', at('nowhere.backup')), /cannot be read/);
  });

  it('says so where nothing is kept, and makes no database by looking', async () => {
    await ca.files.configure((config) => {
      delete config.db;
    });
    assert.match(await fail('certificate', 'list'), /there is no db/);
    await ca.files.configure((config) => {
      config.db = { type: 'sqlite', dataSource: at('none/none.db') };
    });
    assert.match(await fail('certificate', 'list'), /none\.db: cannot be opened/);
    assert.ok(!(await readdir(ca.files.folder)).includes('none'));
  });
});
