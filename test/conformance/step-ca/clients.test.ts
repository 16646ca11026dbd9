/** Item 31: the real step CLI, and the command of this project, from the first word to the revocation. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { CaClient } from '../../../lib/ca-client/index.ts';
import { type Certificate, fingerprint, parseCertificateChainPem } from '../../../lib/x509/index.ts';
import { peerPath } from '../../../tools/peers/index.ts';
import { type OneCa, onOneCa } from './one-ca.ts';

const autocert = join(import.meta.dirname, '../../../bin/autocert');
const clients = {
  get step() {
    return peerPath('step');
  },
  autocert,
} as const;

onOneCa('clients', (ca) => {
  for (const client of ['step', 'autocert'] as const) describe(client, () => wholeLife(ca, client));

  it('31: the client library of this project revokes by token and by certificate', async () => {
    const rootPem = await readFile(join(ca.files.folder, 'certs/root_ca.crt'), 'utf8');
    const library = new CaClient({ url: `https://localhost:${ca.port}`, roots: [rootPem] });
    assert.deepEqual(await library.health(), { status: 'ok' });
    const token = ca.bench.token({ aud: 'https://localhost/1.0/revoke', sub: '31', sans: undefined });
    await library.revoke({ serial: '31', ott: token, reasonCode: 1, reason: 'lost' });
    await assert.rejects(library.revoke({ serial: '31', ott: token }));
  });
});

function wholeLife(ca: OneCa, client: keyof typeof clients): void {
  const running = new Set<ChildProcess>();
  after(() => {
    for (const child of running) child.kill('SIGKILL');
  });
  const start = (args: readonly string[]): ChildProcess => {
    const home = ca.files.folder;
    const child = spawn(clients[client], ['ca', ...args], {
      cwd: home,
      env: { STEPPATH: join(home, `client-${client}`), HOME: home, PATH: process.env.PATH },
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: 60_000,
    });
    running.add(child);
    child.once('close', () => running.delete(child));
    return child;
  };
  const tryRun = async (...args: string[]): Promise<{ code: number | null; stdout: string; stderr: string }> => {
    const child = start(args);
    let [stdout, stderr] = ['', ''];
    child.stdout?.on('data', (chunk) => {
      stdout += chunk;
    });
    child.stderr?.on('data', (chunk) => {
      stderr += chunk;
    });
    await once(child, 'close');
    return { code: child.exitCode, stdout, stderr };
  };
  const run = async (...args: string[]): Promise<string> => {
    const { code, stdout, stderr } = await tryRun(...args);
    assert.equal(code, 0, `${args.join(' ')}\n${stderr}`);
    return stdout;
  };
  const name = (file: string) => `${client}-${file}`;
  const read = async (file: string): Promise<Certificate> => {
    const [leaf] = parseCertificateChainPem(await readFile(join(ca.files.folder, name(file)), 'utf8'));
    assert.ok(leaf);
    return leaf;
  };
  const password = () => ['--provisioner', 'admin', '--provisioner-password-file', ca.files.passwordPath];

  it('31: bootstraps, asks for health, lists provisioners', async () => {
    const url = ['--ca-url', `https://localhost:${ca.port}`];
    assert.equal((await tryRun('bootstrap', ...url, '--fingerprint', 'ab'.repeat(32))).code, 1);
    await run('bootstrap', ...url, '--fingerprint', fingerprint(ca.root.der));
    assert.match(await run('health'), /^ok$/m);
    assert.equal(JSON.parse(await run('provisioner', 'list'))[0].name, 'admin');
  });

  it('31: fetches root, roots and federation', async () => {
    for (const verb of ['root', 'roots', 'federation']) {
      await run(verb, name(`${verb}.pem`));
      assert.equal(fingerprint((await read(`${verb}.pem`)).der), fingerprint(ca.root.der), verb);
    }
  });

  it('31: gets a certificate by password, by token, and for a request', async () => {
    await run(
      'certificate',
      'web.test',
      name('web.crt'),
      name('web.key'),
      '--san',
      'web.test',
      '--san',
      '::1',
      ...password(),
    );
    assert.deepEqual((await read('web.crt')).sans, { dns: ['web.test'], ip: ['::1'], email: [], uri: [] });
    const token = (await run('token', 'token.test', ...password())).trim();
    await run('certificate', 'token.test', name('token.crt'), name('token.key'), '--token', token);
    assert.equal((await read('token.crt')).commonName, 'token.test');
    await writeFile(join(ca.files.folder, name('web.csr')), ca.bench.csr());
    await run('sign', name('web.csr'), name('signed.crt'), ...password());
    assert.equal((await read('signed.crt')).commonName, 'web.test');
    const again = await tryRun('certificate', 'token.test', name('x.crt'), name('x.key'), '--token', token);
    assert.equal(again.code, 1);
    assert.match(again.stderr, /lacked necessary authorization/);
  });

  it('31: renews over TLS and by token, with the key it has', async () => {
    for (const how of ['--mtls=true', '--mtls=false']) {
      const before = await read('web.crt');
      await run('renew', '--force', how, name('web.crt'), name('web.key'));
      const renewed = await read('web.crt');
      assert.notEqual(renewed.serial, before.serial, how);
      assert.deepEqual(renewed.publicKeyDer, before.publicKeyDer);
    }
  });

  it('31: renews as a daemon, again and again, and ends with 0', async () => {
    const first = await read('web.crt');
    const daemon = start(['renew', '--force', '--daemon', '--renew-period', '1s', name('web.crt'), name('web.key')]);
    const serials = new Set([first.serial]);
    for (let tries = 0; serials.size < 3; tries++) {
      assert.ok(tries < 300 && daemon.exitCode === null, `${serials.size} certificates, exit code ${daemon.exitCode}`);
      await new Promise((resolve) => setTimeout(resolve, 100));
      const leaf = await read('web.crt').catch(() => first); // half written at this moment
      serials.add(leaf.serial);
    }
    daemon.kill('SIGTERM');
    await once(daemon, 'exit');
    assert.equal(daemon.exitCode, 0);
  });

  it('31: gets another key', async () => {
    const before = await read('web.crt');
    await run('rekey', '--force', name('web.crt'), name('web.key'));
    const leaf = await read('web.crt');
    assert.notDeepEqual(leaf.publicKeyDer, before.publicKeyDer);
    assert.deepEqual(leaf.sans, before.sans);
    await run('renew', '--force', name('web.crt'), name('web.key'));
  });

  if (client === 'step') {
    it('31: revokes by certificate and by serial, and renews neither', async () => {
      await run('revoke', '--cert', name('web.crt'), '--key', name('web.key'));
      const serial = String((await read('token.crt')).serial);
      const token = (await run('token', '--revoke', ...password(), serial)).trim();
      await run('revoke', serial, '--token', token);
      for (const file of ['web', 'token']) {
        const { code, stderr } = await tryRun('renew', '--force', name(`${file}.crt`), name(`${file}.key`));
        assert.equal(code, 1, file);
        assert.match(stderr, /lacked necessary authorization/);
      }
    });
  }
}
