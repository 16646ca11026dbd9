/**
 * A CA to test pod programs against: the real step-ca, or ours from the same files, which the real `step ca init` made.
 * It can be stopped and started again on its port.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { promisify } from 'node:util';
import { encodeEncryptedPrivateKeyPem, generatePrivateKey, publicKeyDer } from '../../../lib/crypto/index.ts';
import { encodePem, parseCertificatePem } from '../../../lib/encoding/index.ts';
import {
  createOneTimeToken,
  decryptProvisionerKey,
  type ProvisionerKey,
  tokenAudience,
} from '../../../lib/jwk-provisioner/index.ts';
import {
  buildIntermediateCertificate,
  buildRootCertificate,
  fingerprint,
  parseCertificate,
} from '../../../lib/x509/index.ts';
import { peerPath } from '../../../tools/peers/index.ts';

const run = promisify(execFile);

export type AuthorityKind = 'step-ca' | 'autocert-ca';

/** As `authority.claims` of ca.json. */
export type Claims = Readonly<Record<string, string | boolean>>;

export type Authority = {
  readonly url: string;
  readonly rootPem: string;
  readonly rootFingerprint: string;
  /** A one-time token, as the webhook or `step ca token` makes it. */
  createToken(subject: string, options?: { readonly sans?: readonly string[]; readonly csrDer?: Uint8Array }): string;
  stop(): Promise<void>;
  start(): Promise<void>;
  /** Changes ca.json; in force after the next start. */
  changeClaims(claims: Claims): void;
};

type ConfigFile = {
  authority: { claims?: Claims; provisioners: { name: string; encryptedKey: string }[] };
};

const password = 'correct horse battery staple';

export async function startAuthority(
  t: Pick<TestContext, 'after'>,
  kind: AuthorityKind,
  claims: Claims = {},
): Promise<Authority> {
  const folder = mkdtempSync(join(tmpdir(), 'autocert-authority-'));
  let child: ChildProcess | undefined;
  const stop = async (): Promise<void> => {
    if (child && child.exitCode === null && child.signalCode === null) {
      child.kill('SIGKILL'); // its graceful end is tested elsewhere
      await once(child, 'exit');
    }
  };
  t.after(async () => {
    await stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const passwordFile = join(folder, 'password');
  const config = join(folder, 'config', 'ca.json');
  writeFileSync(passwordFile, password, { mode: 0o600 });
  const port = await freePort();
  const names = ['--name', 'Test', '--dns', '127.0.0.1', '--address', `127.0.0.1:${port}`, '--provisioner', 'autocert'];
  await run(peerPath('step'), ['ca', 'init', ...names, '--password-file', passwordFile], {
    env: { ...process.env, STEPPATH: folder },
  });
  const edit = (change: (file: ConfigFile) => void): void => {
    const file = JSON.parse(readFileSync(config, 'utf8')) as ConfigFile;
    change(file);
    writeFileSync(config, JSON.stringify(file));
  };
  const changeClaims = (changed: Claims): void =>
    edit(({ authority }) => {
      authority.claims = { ...authority.claims, ...changed };
    });
  changeClaims(claims);
  await ageAuthority(folder);

  const { authority } = JSON.parse(readFileSync(config, 'utf8')) as ConfigFile;
  const provisioner: ProvisionerKey = await decryptProvisionerKey(
    authority.provisioners[0]?.encryptedKey ?? '',
    password,
  );
  const rootPem = readFileSync(join(folder, 'certs', 'root_ca.crt'), 'utf8');
  const rootFingerprint = fingerprint(parseCertificatePem(rootPem)[0] ?? Buffer.of());
  const url = `https://127.0.0.1:${port}`;

  const start = async (): Promise<void> => {
    const [program, ...args] = commands[kind](config, passwordFile);
    const started = spawn(program, args, {
      env: { ...process.env, STEPPATH: folder },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    child = started;
    await new Promise<void>((resolve, reject) => {
      let output = '';
      const watch = (chunk: Buffer): void => {
        output += chunk.toString();
        if (output.includes('Serving HTTPS on')) resolve();
      };
      started.stdout.on('data', watch);
      started.stderr.on('data', watch);
      started.once('exit', () => reject(new Error(`${kind} ended early:\n${output}`)));
    });
  };
  await start();

  return {
    url,
    rootPem,
    rootFingerprint,
    createToken(subject, { sans = [subject], csrDer } = {}) {
      return createOneTimeToken(provisioner, {
        issuer: 'autocert',
        audience: tokenAudience(url, 'sign'),
        subject,
        sans,
        rootFingerprint,
        now: Date.now(),
        ...(csrDer ? { csrDer } : {}),
      });
    },
    stop,
    start,
    changeClaims,
  };
}

const commands: Readonly<Record<AuthorityKind, (config: string, passwordFile: string) => [string, ...string[]]>> = {
  'step-ca': (config, passwordFile) => [peerPath('step-ca'), config, '--password-file', passwordFile],
  'autocert-ca': (config, passwordFile) => [
    process.execPath,
    join(import.meta.dirname, '../../../ca/main.ts'),
    'serve',
    config,
    '--password-file',
    passwordFile,
  ],
};

/**
 * Replaces root and intermediate by such that are a day old: step-ca looks at an expired certificate as of a minute
 * before its end, when a CA that was made for this test did not exist yet.
 */
async function ageAuthority(folder: string): Promise<void> {
  const validity = { notBefore: Date.now() - 24 * 3_600_000, notAfter: Date.now() + 24 * 3_600_000 };
  const [rootKey, intermediateKey] = await Promise.all([generatePrivateKey(), generatePrivateKey()]);
  const rootDer = buildRootCertificate({ ...validity, subject: { commonName: 'Test Root CA' }, key: rootKey });
  const intermediateDer = buildIntermediateCertificate({
    ...validity,
    subject: { commonName: 'Test Intermediate CA' },
    publicKeyDer: publicKeyDer(intermediateKey),
    issuerCertificate: parseCertificate(rootDer),
    issuerKey: rootKey,
  });
  writeFileSync(join(folder, 'certs', 'root_ca.crt'), encodePem('CERTIFICATE', rootDer));
  writeFileSync(join(folder, 'certs', 'intermediate_ca.crt'), encodePem('CERTIFICATE', intermediateDer));
  const keyPem = await encodeEncryptedPrivateKeyPem(intermediateKey, password);
  writeFileSync(join(folder, 'secrets', 'intermediate_ca_key'), keyPem);
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address ? address.port : 0;
}
