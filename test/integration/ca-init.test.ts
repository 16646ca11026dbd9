/** `autocert-ca init`: its flags, what it refuses, and that it never waits for a terminal that is not there. */
import assert from 'node:assert/strict';
import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, describe, it } from 'node:test';
import { isSamePublicKey, parsePrivateKeyPem } from '../../lib/crypto/index.ts';
import { decryptProvisionerKey } from '../../lib/jwk-provisioner/index.ts';
import { type Certificate, fingerprint, parseCertificateChainPem, verifyChain } from '../../lib/x509/index.ts';
import { type CaJson, startCaProcess, tryOurs } from '../peers/certificate-authority.ts';
import { step } from '../peers/step.ts';
import { ask } from './ca-requests.ts';

describe('autocert-ca init', () => {
  let folder = '';
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'autocert-ca-init-'));
    await writeFile(join(folder, 'password'), 'first \n');
    await writeFile(join(folder, 'other'), 'second');
  });
  afterEach(() => rm(join(folder, 'step'), { recursive: true, force: true }));
  after(() => rm(folder, { recursive: true }));

  const stepPath = (...path: string[]): string => join(folder, 'step', ...path);
  const init = (...args: string[]) => tryOurs(['init', ...args], stepPath(), folder);
  const complete = ['--name', 'Init', '--dns', 'ca.test,127.0.0.1', '--address', '127.0.0.1:0', '--provisioner', 'me'];
  const password = ['--password-file', 'password'];
  const good = [...complete, ...password];

  const readJson = async <T>(...path: string[]): Promise<T> =>
    JSON.parse(await readFile(stepPath(...path), 'utf8')) as T;
  const certificate = async (path: string): Promise<Certificate> => {
    const [first] = parseCertificateChainPem(await readFile(path, 'utf8'));
    assert.ok(first);
    return first;
  };

  it('makes an authority that this server runs', async () => {
    assert.deepEqual((await init(...good)).code, 0);
    const [root, intermediate] = [
      await certificate(stepPath('certs/root_ca.crt')),
      await certificate(stepPath('certs/intermediate_ca.crt')),
    ];
    verifyChain(intermediate, [], [root], Date.now());
    const key = await readFile(stepPath('secrets/intermediate_ca_key'), 'utf8');
    assert.ok(isSamePublicKey(parsePrivateKeyPem(key, 'first'), intermediate.publicKey));
    const defaults = await readJson<Record<string, string>>('config/defaults.json');
    assert.deepEqual([defaults['ca-url'], defaults.fingerprint], ['https://ca.test:0', fingerprint(root.der)]);
    const ca = await startCaProcess('autocert-ca', {
      folder,
      configPath: stepPath('config/ca.json'),
      passwordPath: 'password',
    });
    assert.equal((await ask(ca.port, '/health')).status, 200);
    await ca.stop();
  });

  it('gives the provisioner key a password of its own', async () => {
    assert.equal((await init(...good, '--provisioner-password-file', 'other')).code, 0);
    const { authority } = await readJson<CaJson>('config/ca.json');
    const jwe = authority.provisioners[0]?.encryptedKey ?? '';
    await assert.rejects(decryptProvisionerKey(jwe, 'first'), { code: 'ERR_PROVISIONER_PASSWORD' });
    await decryptProvisionerKey(jwe, 'second');
  });

  it('leaves out the database, adds ACME, takes another URL', async () => {
    assert.equal((await init(...good, '--no-db', '--acme', '--with-ca-url', 'https://front.test:8443')).code, 0);
    const config = await readJson<CaJson>('config/ca.json');
    assert.equal('db' in config, false);
    assert.deepEqual(config.authority.provisioners.at(-1), { type: 'ACME', name: 'acme' });
    assert.equal((await readJson<Record<string, string>>('config/defaults.json'))['ca-url'], 'https://front.test:8443');
    await assert.rejects(stat(stepPath('db')));
  });

  it('makes keys and certificates only', async () => {
    assert.equal((await init('--pki', '--name', 'Init', ...password)).code, 0);
    assert.deepEqual((await readdir(stepPath())).sort(), ['certs', 'secrets']);
  });

  it('writes an IPv6 name in brackets and leaves out port 443', async () => {
    assert.equal(
      (await init('--name', 'Init', '--dns', '::1', '--address', ':443', '--provisioner', 'me', ...password)).code,
      0,
    );
    assert.equal((await readJson<Record<string, string>>('config/defaults.json'))['ca-url'], 'https://[::1]');
  });

  it('puts an authority into a context, which serve and the step CLI find', async () => {
    assert.equal((await init(...good, '--context', 'lab', '--authority', 'lab-ca', '--profile', 'lab-me')).code, 0);
    assert.deepEqual(await readJson('contexts.json'), { lab: { profile: 'lab-me', authority: 'lab-ca' } });
    assert.equal(await step(['context', 'current'], { stepPath: stepPath(), cwd: folder }), 'lab\n');
    const { output } = await tryOurs(['serve', '--context', 'lab', '--password-file', 'other'], stepPath(), folder);
    assert.match(output, /authorities\/lab-ca\/secrets\/intermediate_ca_key/, 'its key, with the wrong password');
  });

  it('imports a root and its encrypted key, and copies no key', async () => {
    const root = [
      'certificate',
      'create',
      'Imported',
      'root.crt',
      'root.key',
      '--profile',
      'root-ca',
      '--password-file',
      'other',
    ];
    await step(root, { stepPath: stepPath(), cwd: folder });
    const imported = ['--root', 'root.crt', '--key', 'root.key', '--key-password-file', 'other'];
    assert.equal((await init(...good, ...imported)).code, 0);
    const own = await certificate(stepPath('certs/root_ca.crt'));
    assert.equal(own.commonName, 'Imported');
    verifyChain(await certificate(stepPath('certs/intermediate_ca.crt')), [], [own], Date.now());
    await assert.rejects(stat(stepPath('secrets/root_ca_key')));
  });

  it('does not overwrite an authority unless told to', async () => {
    assert.equal((await init(...good)).code, 0);
    const before = await readFile(stepPath('certs/root_ca.crt'), 'utf8');
    await chmod(stepPath('secrets/root_ca_key'), 0o644);
    const { code, output } = await init(...good);
    assert.equal(code, 2);
    assert.match(output, /root_ca\.crt exists\nhint: add --force/);
    assert.equal(await readFile(stepPath('certs/root_ca.crt'), 'utf8'), before);
    assert.equal((await init(...good, '--force')).code, 0);
    assert.notEqual(await readFile(stepPath('certs/root_ca.crt'), 'utf8'), before);
    assert.equal((await stat(stepPath('secrets/root_ca_key'))).mode & 0o777, 0o600, 'the mode of the old file stayed');
  });

  const missing: [string, string[]][] = [
    ['--name', ['--dns', 'a', '--address', ':1', '--provisioner', 'me', ...password]],
    ['--dns', ['--name', 'Init', '--address', ':1', '--provisioner', 'me', ...password]],
    ['--address', ['--name', 'Init', '--dns', 'a', '--provisioner', 'me', ...password]],
    ['--provisioner', ['--name', 'Init', '--dns', 'a', '--address', ':1', ...password]],
    ['--password-file', complete],
  ];
  for (const [flag, args] of missing) {
    it(`names ${flag} when it is missing and nobody can be asked`, async () => {
      const { code, output } = await init(...args);
      assert.equal(code, 1);
      assert.match(
        output,
        new RegExp(`error: ${flag} is missing, and there is no terminal[^\\n]*\nhint: add ${flag}\n`),
      );
      await assert.rejects(stat(stepPath()), 'files were left');
    });
  }

  const refused: [string, string[], RegExp][] = [
    ['another deployment', [...good, '--deployment-type', 'hosted'], /only standalone/],
    ['a root without its key', [...good, '--root', 'x'], /--root and --key are wanted together/],
    ['an address without port', [...complete, '--address', 'localhost', ...password], /host:port is wanted/],
    ['a URL that is none', [...good, '--with-ca-url', 'x'], /not a URL/],
    ['a context that leads out', [...good, '--context', '../x'], /no folder name/],
    ['a profile without context', [...good, '--profile', 'x'], /need --context/],
    ['SSH', [...good, '--ssh'], /SSH certificates are not supported/],
    ['remote management', [...good, '--remote-management'], /not supported/],
    [
      'a password file that is not there',
      [...complete, '--password-file', 'nowhere'],
      /password file nowhere: cannot be read/,
    ],
  ];
  for (const [name, args, says] of refused) {
    it(`refuses ${name}`, async () => {
      const { code, output } = await init(...args);
      assert.notEqual(code, 0);
      assert.match(output, says);
      await assert.rejects(stat(stepPath()), 'files were left');
    });
  }
});
