/** Start, reload and stop of our CA as a process, and what it says when it cannot. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { type CaJson, tryOurs } from '../peers/certificate-authority.ts';
import { freePort } from '../peers/ports.ts';
import { leafOf, sign, untilLogged, useCa } from './ca-fixture.ts';
import { ask } from './ca-requests.ts';

describe('reload (SIGHUP)', () => {
  const ca = useCa();

  it('takes new claims, keeps tokens made before, and keeps open connections', async () => {
    const process = await ca.start();
    const before = ca.bench.token({ iat: Math.floor(Date.now() / 1000) });
    await ca.files.configure((config) => {
      config.authority.claims = { defaultTLSCertDuration: '1h' };
    });
    const from = process.output().length;
    process.signal('SIGHUP');
    await untilLogged(process, '"listening"', from);
    const leaf = leafOf(await sign(process.port, ca.bench, { ott: before }));
    assert.equal(leaf.notAfter - leaf.notBefore, 3_660_000);
  });

  it('moves to another address', async () => {
    const process = await ca.start();
    const port = await freePort();
    await ca.files.configure((config) => {
      config.address = `127.0.0.1:${port}`;
    });
    process.signal('SIGHUP');
    await untilLogged(process, `127.0.0.1:${port}"`);
    assert.equal((await sign(port, ca.bench)).status, 201);
    assert.equal((await ask(process.port, '/health')).status, 0);
  });

  const broken: (Change & { name: string; says: string })[] = [
    { name: 'a file that is not there', top: { root: '/nowhere' }, says: 'ERR_CA_FILE' },
    { name: 'another database', top: { db: undefined }, says: 'cannot be changed by a reload' },
    {
      name: 'claims that contradict',
      authority: { claims: { minTLSCertDuration: '99h' } },
      says: 'ERR_CA_CLAIMS',
    },
  ];
  for (const { name, says, ...change } of broken) {
    it(`goes on with the old configuration when the new one has ${name}`, async () => {
      const process = await ca.start();
      await ca.files.configure((config) => apply(config, change));
      process.signal('SIGHUP');
      await untilLogged(process, 'reload failed');
      assert.match(process.output(), new RegExp(says));
      assert.equal((await sign(process.port, ca.bench)).status, 201);
    });
  }

  it('goes on when the file is no JSON', async () => {
    const process = await ca.start();
    await writeFile(ca.files.configPath, '{');
    process.signal('SIGHUP');
    await untilLogged(process, 'ERR_CA_CONFIG_JSON');
    assert.equal((await sign(process.port, ca.bench)).status, 201);
  });
});

describe('start and stop', () => {
  const ca = useCa();

  const serve = (...args: string[]) => tryOurs(['serve', ...args], ca.files.folder, ca.files.folder);

  it('ends with 0 when told to', async () => {
    const process = await ca.start();
    assert.equal(await process.stop(), 0);
  });

  it('fails at once with 2 when the port is taken', async () => {
    const other = createServer();
    other.listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as { port: number };
    await ca.files.configure((config) => {
      config.address = `127.0.0.1:${port}`;
    });
    const { code, output } = await serve(ca.files.configPath, '--password-file', ca.files.passwordPath);
    other.close();
    assert.equal(code, 2);
    assert.match(output, /error: listen 127\.0\.0\.1:\d+: the port is in use/);
    assert.doesNotMatch(output, /Serving HTTPS/);
  });

  const failures: (Change & { name: string; args?: () => string[]; code: number; says: RegExp })[] = [
    { name: 'no such file', args: () => ['/nowhere/ca.json'], code: 1, says: /nowhere\/ca\.json: cannot be read/ },
    { name: 'two files', args: () => ['a', 'b'], code: 1, says: /too many arguments/ },
    { name: 'an unknown flag', args: () => ['--nothing'], code: 1, says: /unknown option/ },
    {
      name: 'a flag of a part that is not here',
      args: () => ['--token', 'x'],
      code: 1,
      says: /--token: linked authorities/,
    },
    {
      name: 'no password and no terminal',
      args: () => [ca.files.configPath],
      code: 1,
      says: /--password-file is missing/,
    },
    { name: 'a context that is not there', args: () => ['--context', 'x'], code: 1, says: /context "x" not found/ },
    {
      name: 'an empty address',
      top: { address: '' },
      code: 2,
      says: /address cannot be empty/,
    },
    {
      name: 'an address without port',
      top: { address: 'localhost' },
      code: 2,
      says: /host:port is wanted/,
    },
    { name: 'no names', top: { dnsNames: [] }, code: 2, says: /dnsNames cannot be empty/ },
    { name: 'no key', top: { key: '' }, code: 2, says: /key cannot be empty/ },
    { name: 'no root', top: { root: '' }, code: 2, says: /root cannot be empty/ },
    {
      name: 'TLS versions in the wrong order',
      top: { tls: { minVersion: 1.3, maxVersion: 1.2 } },
      code: 2,
      says: /minVersion cannot exceed/,
    },
    {
      name: 'an unknown cipher suite',
      top: { tls: { cipherSuites: ['X'] } },
      code: 2,
      says: /X is not a valid cipher suite/,
    },
    {
      name: 'claims that contradict',
      authority: { claims: { maxTLSCertDuration: '1m' } },
      code: 2,
      says: /maxTLSCertDuration 1m0s cannot be less/,
    },
    {
      name: 'a duration that is none',
      authority: { claims: { maxTLSCertDuration: '1d' } },
      code: 2,
      says: /maxTLSCertDuration is not a duration/,
    },
    {
      name: 'a provisioner twice',
      twice: true,
      code: 2,
      says: /cannot add multiple provisioners/,
    },
    {
      name: 'a name policy that no name can be compared with',
      authority: { policy: { x509: { allow: { dns: ['a*.test'] } } } },
      code: 2,
      says: /authority\.policy\.x509\.allow\.dns: domain constraint "a\*\.test" can only have wildcard/,
    },
    {
      name: 'the name of the issuer as commonName',
      top: { commonName: 'Peers Intermediate CA' },
      code: 2,
      says: /name of the issuing certificate/,
    },
    {
      name: 'a CRL renewed too late',
      top: { crl: { enabled: true, cacheDuration: '1h', renewPeriod: '2h' } },
      code: 2,
      says: /crl\.cacheDuration must be/,
    },
    {
      name: 'a key of another certificate',
      top: { key: 'secrets/root_ca_key' },
      code: 2,
      says: /does not belong/,
    },
    {
      name: 'a database of another server',
      top: { db: { type: 'mysql', dataSource: 'x' } },
      code: 2,
      says: /mysql is not supported/,
    },
  ];
  for (const { name, args, code, says, ...change } of failures) {
    it(`says what is wrong and ends with ${code}: ${name}`, async () => {
      await ca.files.configure((config) => apply(config, change));
      const result = await serve(...(args?.() ?? [ca.files.configPath, '--password-file', ca.files.passwordPath]));
      assert.match(result.output, says);
      assert.equal(result.code, code);
      assert.doesNotMatch(result.output, /\n {4}at /, 'a stack trace');
    });
  }

  it('says that the password is wrong', async () => {
    const path = join(ca.files.folder, 'wrong');
    await writeFile(path, 'wrong');
    const { code, output } = await serve(ca.files.configPath, '--password-file', path);
    assert.equal(code, 2);
    assert.match(output, /password/);
  });
});

/** Members that are replaced at the top of ca.json, and in its `authority`; the first provisioner a second time. */
type Change = {
  readonly top?: Record<string, unknown>;
  readonly authority?: Record<string, unknown>;
  readonly twice?: boolean;
};

function apply(config: CaJson, { top, authority, twice }: Change): void {
  Object.assign(config, top);
  Object.assign(config.authority, authority);
  const [first] = config.authority.provisioners;
  if (twice && first) config.authority.provisioners.push(first);
}
