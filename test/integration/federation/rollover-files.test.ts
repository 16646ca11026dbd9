/** `autocert ca rollover` on files: what each step writes, what both servers make of it, and what is refused. */
import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { bootstrapIdentity } from '../../../lib/ca-client/index.ts';
import { fingerprint, parseCertificateChainPem, verifyChain } from '../../../lib/x509/index.ts';
import { type CaFiles, initCa, runOurs, tryOurs } from '../../peers/certificate-authority.ts';
import { startMember } from './federation.ts';

async function init(t: TestContext, ...flags: string[]): Promise<CaFiles> {
  const files = await initCa('step-ca', { flags });
  t.after(() => files.remove());
  return files;
}

const rollover = (files: CaFiles, ...args: string[]): Promise<string> =>
  runOurs(['rollover', ...args, '--password-file', files.passwordPath], files.folder, files.folder);
const refuse = async (files: CaFiles, ...args: string[]): Promise<string> => {
  const { code, output } = await tryOurs(['rollover', ...args], files.folder, files.folder);
  assert.notEqual(code, 0, output);
  return output;
};
const config = async (files: CaFiles) => JSON.parse(await readFile(files.configPath, 'utf8'));
const read = async (path: string) => parseCertificateChainPem(await readFile(path, 'utf8'));

describe('ca rollover intermediate', () => {
  for (const program of ['autocert-ca', 'step-ca'] as const) {
    it(`is taken over by ${program} at SIGHUP; certificates of before renew into it`, async (t) => {
      const files = await init(t);
      const ca = await startMember(program, files);
      t.after(() => ca.kill());
      const identity = await bootstrapIdentity(await ca.token('web'));
      t.after(() => identity.close());
      const [, before] = parseCertificateChainPem(identity.certificate.chainPem);
      await rollover(files, 'intermediate');
      await ca.reload(() => {});
      await identity.renew();
      const [leaf, issuer, ...more] = parseCertificateChainPem(identity.certificate.chainPem);
      assert.ok(leaf && issuer && before && more.length === 0);
      assert.notDeepEqual(issuer.der, before.der);
      assert.deepEqual(issuer.subjectDer, before.subjectDer);
      verifyChain(leaf, [issuer], await read(ca.rootPath), Date.now());
    });
  }

  it('keeps every other member of ca.json and its order, and overwrites no file', async (t) => {
    const files = await init(t);
    await files.configure((json) => Object.assign(json, { ourOwn: { kept: [1, 2] } }));
    const before = await config(files);
    await rollover(files, 'intermediate');
    await rollover(files, 'intermediate');
    const after = await config(files);
    assert.deepEqual(Object.keys(after), Object.keys(before));
    assert.deepEqual({ ...after, crt: '', key: '' }, { ...before, crt: '', key: '' });
    assert.match(after.crt, /certs\/intermediate_ca_3\.crt$/);
    assert.match(after.key, /secrets\/intermediate_ca_3_key$/);
    assert.equal((await stat(after.key)).mode & 0o777, 0o600);
    assert.match(await readFile(after.key, 'utf8'), /ENCRYPTED/);
  });

  it('changes nothing when the key of the root is missing, another, or locked', async (t) => {
    const files = await init(t);
    const before = await readFile(files.configPath, 'utf8');
    const secrets = join(files.folder, 'secrets');
    const names = await readdir(secrets);
    const password = ['--password-file', files.passwordPath];
    const other = ['--root-key', join(secrets, 'intermediate_ca_key')];
    assert.match(await refuse(files, 'intermediate', ...password, ...other), /is not the private key of the root/);
    const wrong = join(files.folder, 'wrong.txt');
    await writeFile(wrong, 'wrong');
    assert.match(await refuse(files, 'intermediate', '--password-file', wrong), /^error: key .*cannot be used/m);
    assert.match(await refuse(files, 'intermediate'), /--password-file is missing/);
    const away = await mkdtemp(join(tmpdir(), 'autocert-offline-'));
    t.after(() => rm(away, { recursive: true }));
    await rename(join(secrets, 'root_ca_key'), join(away, 'key'));
    assert.match(await refuse(files, 'intermediate', ...password), /not there: .*root_ca_key\nhint: .*--root-key/);
    assert.equal(await readFile(files.configPath, 'utf8'), before);
    assert.deepEqual(
      await readdir(secrets),
      names.filter((name) => name !== 'root_ca_key'),
    );
    await rollover(files, 'intermediate', '--root-key', join(away, 'key'));
  });
});

describe('a root rollover', () => {
  it('writes step by step what ca.json then names, in either order of commands and days', async (t) => {
    const files = await init(t);
    const certs = join(files.folder, 'certs');
    const [old] = await read(join(certs, 'root_ca.crt'));
    assert.ok(old);
    assert.match(await refuse(files, 'switch-root'), /next comes: autocert ca rollover add-root/);
    await rollover(files, 'add-root');
    assert.deepEqual((await config(files)).root, [join(certs, 'root_ca.crt'), join(certs, 'root_ca_2.crt')]);
    assert.match(await refuse(files, 'add-root'), /next comes: autocert ca rollover switch-root/);
    await rollover(files, 'switch-root', '--force');
    const switched = await config(files);
    assert.deepEqual(switched.root, [join(certs, 'root_ca_2.crt'), join(certs, 'root_ca.crt')]);
    const [next] = await read(join(certs, 'root_ca_2.crt'));
    const [intermediate, cross, ...more] = await read(switched.crt);
    assert.ok(next && intermediate && cross && more.length === 0);
    verifyChain(intermediate, [], [next], Date.now());
    verifyChain(intermediate, [cross], [old], Date.now());
    const defaults = JSON.parse(await readFile(join(files.folder, 'config/defaults.json'), 'utf8'));
    assert.deepEqual([defaults.fingerprint, defaults.root], [fingerprint(next.der), join(certs, 'root_ca_2.crt')]);
    await runOurs(['rollover', 'remove-root', '--force'], files.folder, files.folder);
    assert.equal((await config(files)).root, join(certs, 'root_ca_2.crt'));

    await rollover(files, 'add-root', '--no-cross-sign'); // and the one after
    await rollover(files, 'switch-root', '--force');
    const third = await config(files);
    assert.deepEqual(third.root, [join(certs, 'root_ca_3.crt'), join(certs, 'root_ca_2.crt')]);
    assert.equal((await read(third.crt)).length, 1);
  });

  it('keeps all roots in one file where that is asked for', async (t) => {
    const files = await init(t);
    const path = join(files.folder, 'certs/root_ca.crt');
    const held = async () => (await read(path)).map(({ der }) => fingerprint(der));
    const [old] = await held();
    await rollover(files, 'add-root', '--bundle');
    const [first, next] = await held();
    assert.equal(first, old);
    await rollover(files, 'switch-root', '--force');
    assert.deepEqual(await held(), [next, old]);
    await runOurs(['rollover', 'remove-root', '--force'], files.folder, files.folder);
    assert.deepEqual(await held(), [next]);
    assert.equal((await config(files)).root, path);
  });

  it('leaves a root of another name alone', async (t) => {
    const files = await init(t);
    const foreign = await init(t, '--name', 'Foreign');
    const own = join(files.folder, 'certs/root_ca.crt');
    const other = join(foreign.folder, 'certs/root_ca.crt');
    await files.configure((json) => {
      json.root = [other, own];
    });
    await rollover(files, 'add-root');
    await rollover(files, 'switch-root', '--force');
    await runOurs(['rollover', 'remove-root', '--force'], files.folder, files.folder);
    assert.deepEqual((await config(files)).root, [join(files.folder, 'certs/root_ca_2.crt'), other]);
  });
});
