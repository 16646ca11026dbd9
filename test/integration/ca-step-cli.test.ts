/** The real step CLI and the real step-ca around our CA: files of each with the program of the other. */
import assert from 'node:assert/strict';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fingerprint, parseCertificateChainPem } from '../../lib/x509/index.ts';
import {
  type CaFiles,
  type CaProcess,
  type CaProgram,
  initCa,
  startCaProcess,
} from '../peers/certificate-authority.ts';
import { runStep, type StepOptions, type StepResult, step } from '../peers/step.ts';

const read = async (path: string) => parseCertificateChainPem(await readFile(path, 'utf8'));

/** The whole life of a certificate by the CLI. `client` is an empty configuration folder. */
function cliWorks(context: { files: () => CaFiles; ca: () => CaProcess; name: string }): void {
  describe(context.name, () => {
    let options: StepOptions;
    let credentials: string[];
    let rootFingerprint: string;
    const path = (name: string): string => join(options.cwd, name);
    const cli = (...args: string[]): Promise<string> => step(['ca', ...args], options);
    const refused = (...args: string[]): Promise<StepResult> => runStep(['ca', ...args], options);

    before(async () => {
      const files = context.files();
      options = { stepPath: join(files.folder, 'client'), cwd: files.folder };
      credentials = ['--provisioner', 'admin', '--provisioner-password-file', files.passwordPath];
      const [root] = await read(join(files.folder, 'certs/root_ca.crt'));
      rootFingerprint = fingerprint(root?.der ?? Buffer.alloc(0));
    });

    it('bootstraps by fingerprint', async () => {
      await cli('bootstrap', '--ca-url', context.ca().url, '--fingerprint', rootFingerprint);
      const defaults = JSON.parse(await readFile(join(options.stepPath, 'config/defaults.json'), 'utf8'));
      assert.equal(defaults.fingerprint, rootFingerprint);
    });

    it('refuses to bootstrap with another fingerprint', async () => {
      const { code, stderr } = await refused(
        'bootstrap',
        '--force',
        '--ca-url',
        context.ca().url,
        '--fingerprint',
        'ab'.repeat(32),
      );
      assert.equal(code, 1);
      assert.match(stderr, /not found|does not match/);
    });

    it('says that it is well', async () => assert.equal(await cli('health'), 'ok\n'));

    it('lists provisioners', async () => {
      const [provisioner] = JSON.parse(await cli('provisioner', 'list'));
      assert.deepEqual([provisioner.type, provisioner.name], ['JWK', 'admin']);
    });

    it('gives its roots and its federation', async () => {
      await cli('roots', 'roots.pem');
      await cli('federation', 'federation.pem');
      await cli('root', 'root.pem');
      for (const name of ['roots.pem', 'federation.pem', 'root.pem']) {
        const [root] = await read(path(name));
        assert.equal(fingerprint(root?.der ?? Buffer.alloc(0)), rootFingerprint, name);
      }
    });

    it('issues a certificate with names of several kinds', async () => {
      const sans = ['web.test', '10.0.0.7', 'spiffe://web.test/a', 'me@web.test'].flatMap((name) => ['--san', name]);
      await cli('certificate', 'web.test', 'web.crt', 'web.key', ...credentials, ...sans, '--not-after', '1h');
      const [leaf, intermediate] = await read(path('web.crt'));
      assert.deepEqual(leaf?.sans, {
        dns: ['web.test'],
        ip: ['10.0.0.7'],
        email: ['me@web.test'],
        uri: ['spiffe://web.test/a'],
      });
      assert.equal(intermediate?.commonName, 'Peers Intermediate CA');
      await step(['certificate', 'verify', 'web.crt', '--roots', 'roots.pem'], options);
    });

    it('issues a certificate for a token made elsewhere, once', async () => {
      const token = (await cli('token', 'token.test', ...credentials)).trim();
      await cli('certificate', 'token.test', 'token.crt', 'token.key', '--token', token);
      const again = await refused('certificate', 'token.test', 'again.crt', 'again.key', '--token', token);
      assert.equal(again.code, 1);
      assert.match(again.stderr, /lacked necessary authorization/);
    });

    it('signs a request made by the CLI', async () => {
      await step(
        ['certificate', 'create', 'csr.test', 'a.csr', 'a.key', '--csr', '--no-password', '--insecure'],
        options,
      );
      await cli('sign', 'a.csr', 'a.crt', ...credentials);
      assert.equal((await read(path('a.crt')))[0]?.commonName, 'csr.test');
    });

    it('renews over TLS, and by token', async () => {
      const [before] = await read(path('web.crt'));
      await cli('renew', '--force', 'web.crt', 'web.key');
      await cli('renew', '--force', '--mtls=false', 'web.crt', 'web.key');
      const [after] = await read(path('web.crt'));
      assert.notEqual(after?.serial, before?.serial);
      assert.deepEqual(after?.publicKeyDer, before?.publicKeyDer);
    });

    it('rekeys', async () => {
      const [before] = await read(path('web.crt'));
      await cli('rekey', '--force', 'web.crt', 'web.key');
      const [after] = await read(path('web.crt'));
      assert.notDeepEqual(after?.publicKeyDer, before?.publicKeyDer);
      assert.deepEqual(after?.sans, before?.sans);
    });

    it('refuses a life beyond its maximum with the reason', async () => {
      const { code, stderr } = await refused(
        'certificate',
        'x.test',
        'x.crt',
        'x.key',
        ...credentials,
        '--not-after',
        '48h',
      );
      assert.equal(code, 1);
      assert.match(stderr, /more than the authorized maximum certificate duration of 24h1m0s/);
    });

    it('revokes by certificate and by serial number, and renews neither', async () => {
      await cli('revoke', '--cert', 'web.crt', '--key', 'web.key');
      const [leaf] = await read(path('token.crt'));
      const serial = String(leaf?.serial);
      const token = (await cli('token', '--revoke', ...credentials, serial)).trim();
      await cli('revoke', serial, '--token', token);
      for (const name of ['web', 'token']) {
        const { code, stderr } = await refused('renew', '--force', `${name}.crt`, `${name}.key`);
        assert.equal(code, 1, name);
        assert.match(stderr, /lacked necessary authorization/);
      }
    });

    it('wants the file to be edited when a provisioner is added', async () => {
      const args = ['provisioner', 'add', 'second', '--create', '--password-file', context.files().passwordPath];
      await cli(...args, '--ca-config', context.files().configPath);
      const config = JSON.parse(await readFile(context.files().configPath, 'utf8'));
      assert.deepEqual(
        config.authority.provisioners.map(({ name }: { name: string }) => name),
        ['admin', 'second'],
      );
    });
  });
}

for (const by of ['step-ca', 'autocert-ca'] satisfies CaProgram[]) {
  describe(`our CA on the files of ${by === 'step-ca' ? 'step ca init' : 'autocert-ca init'}`, () => {
    let files: CaFiles;
    let ca: CaProcess;
    before(async () => {
      files = await initCa(by);
      ca = await startCaProcess('autocert-ca', files);
    });
    after(async () => {
      await ca?.kill();
      await files?.remove();
    });

    cliWorks({ name: 'the step CLI', files: () => files, ca: () => ca });

    it('starts again on the file that step has written anew, and knows what it knew', async () => {
      assert.equal(await ca.stop(), 0);
      ca = await startCaProcess('autocert-ca', files);
      const options = { stepPath: join(files.folder, 'client'), cwd: files.folder };
      await step(
        ['ca', 'bootstrap', '--force', '--ca-url', ca.url, '--fingerprint', await fingerprintOf(files)],
        options,
      );
      const list = JSON.parse(await step(['ca', 'provisioner', 'list'], options));
      assert.deepEqual(
        list.map(({ name }: { name: string }) => name),
        ['admin', 'second'],
      );
      const { stderr } = await runStep(['ca', 'renew', '--force', 'web.crt', 'web.key'], options);
      assert.match(stderr, /lacked necessary authorization/, 'a revocation was forgotten');
    });

    it('never writes a token or a key into its log', () => {
      assert.match(ca.output(), / request-id=[\w-]+ /);
      assert.doesNotMatch(ca.output(), /eyJ[\w-]+\.[\w-]+|PRIVATE KEY|correct horse/);
    });
  });
}

describe('step-ca on the files of autocert-ca init', () => {
  let files: CaFiles;
  let ca: CaProcess;
  before(async () => {
    files = await initCa('autocert-ca');
    const ours = await startCaProcess('autocert-ca', files); // leaves its database where step-ca makes its own
    await ours.stop();
    ca = await startCaProcess('step-ca', files);
  });
  after(async () => {
    await ca?.kill();
    await files?.remove();
  });

  cliWorks({ name: 'the step CLI', files: () => files, ca: () => ca });
});

describe('autocert-ca init', () => {
  it('writes the files of step ca init: names, modes, members', async () => {
    const [ours, theirs] = [
      await initCa('autocert-ca', { flags: ['--acme'] }),
      await initCa('step-ca', { flags: ['--acme'] }),
    ];
    try {
      assert.deepEqual(await describeFolder(ours.folder), await describeFolder(theirs.folder));
      for (const name of ['ca.json', 'defaults.json']) {
        const [own, other] = await Promise.all([shapeOf(ours, name), shapeOf(theirs, name)]);
        assert.deepEqual(own, other, name);
      }
    } finally {
      await ours.remove();
      await theirs.remove();
    }
  });
});

async function fingerprintOf({ folder }: CaFiles): Promise<string> {
  const [root] = await read(join(folder, 'certs/root_ca.crt'));
  return fingerprint(root?.der ?? Buffer.alloc(0));
}

async function describeFolder(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true });
  const described = entries.map(
    async (name) => `${((await stat(join(folder, name))).mode & 0o7777).toString(8)} ${name}`,
  );
  return (await Promise.all(described)).sort();
}

/** Order and kinds of the members; values that are made at random stand as their kind. */
async function shapeOf({ folder }: CaFiles, name: string): Promise<unknown> {
  const text = await readFile(join(folder, 'config', name), 'utf8');
  const random = /^(x|y|kid|encryptedKey|fingerprint|address|ca-url)$/;
  const shape = JSON.parse(text, (member, value) => {
    if (random.test(member)) return typeof value;
    return typeof value === 'string' ? value.replaceAll(folder, '$STEPPATH') : value;
  });
  return { shape: JSON.stringify(shape), indentation: text.split('\n')[1]?.match(/^\s*/)?.[0] };
}
