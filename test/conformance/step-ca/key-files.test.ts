/** Items 27 and 28: the files that hold passwords and keys, and the encrypted key that provisioners hand out. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import type { KeyObject } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { it } from 'node:test';
import { parsePrivateKeyPem } from '../../../lib/crypto/index.ts';
import { peerPath } from '../../../tools/peers/index.ts';
import { sign } from '../../integration/ca-fixture.ts';
import { ask } from '../../integration/ca-requests.ts';
import { runStep, step } from '../../peers/step.ts';
import { onOneCa } from './one-ca.ts';
import { onEachPeer } from './peers.ts';

onEachPeer('password and key files', (ca) => {
  /** Starts it with this in its password file. */
  const startWith = async (password: string) => {
    const passwordPath = join(ca.files.folder, 'password-of-the-test.txt');
    await writeFile(passwordPath, password);
    const { folder, configPath } = ca.files;
    return ca.restart({ folder, configPath, passwordPath });
  };

  for (const [name, end] of [
    ['a line feed', '\n'],
    ['spaces and a line feed', '  \n'],
    ['CRLF', '\r\n'],
    ['nothing', ''],
  ] as const) {
    it(`27: the password may end in ${name}`, async () => {
      const { port } = await startWith(`${ca.files.password}${end}`);
      assert.equal((await ask(port, '/health')).status, 200);
    });
  }

  it('27: white space before the password is part of it, and a wrong one ends the start', async () => {
    for (const password of [` ${ca.files.password}\n`, 'wrong'])
      await assert.rejects(startWith(password), /CA ended with \d/);
  });

  const forms: readonly (readonly [
    name: string,
    head: RegExp,
    encode: (key: KeyObject, password: string) => string,
  ])[] = [
    [
      'DEK-Info (MD5), AES-256',
      /DEK-Info: AES-256-CBC,/,
      (key, passphrase) => key.export({ type: 'sec1', format: 'pem', cipher: 'aes-256-cbc', passphrase }) as string,
    ],
    [
      'DEK-Info (MD5), AES-128',
      /DEK-Info: AES-128-CBC,/,
      (key, passphrase) => key.export({ type: 'sec1', format: 'pem', cipher: 'aes-128-cbc', passphrase }) as string,
    ],
    [
      'PBES2 with few rounds',
      /BEGIN ENCRYPTED PRIVATE KEY/,
      (key, passphrase) => key.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase }) as string,
    ],
    ['PKCS #8 in clear', /BEGIN PRIVATE KEY/, (key) => key.export({ type: 'pkcs8', format: 'pem' }) as string],
    ['SEC 1 in clear', /BEGIN EC PRIVATE KEY/, (key) => key.export({ type: 'sec1', format: 'pem' }) as string],
  ];
  for (const [name, head, encode] of forms) {
    it(`27: the key may be ${name}`, async () => {
      const original = await readFile(join(ca.files.folder, 'secrets/intermediate_ca_key'), 'utf8');
      const pem = encode(parsePrivateKeyPem(original, ca.files.password), ca.files.password);
      assert.match(pem, head);
      const path = join(ca.files.folder, 'key-of-the-test.pem');
      await writeFile(path, pem, { mode: 0o600 });
      const { port } = await ca.start((config) => {
        config.key = path;
      });
      assert.equal((await sign(port, ca.bench)).status, 201);
    });
  }

  it('27: PBES2 with 600 000 rounds, as init writes it here, and as step writes the same key anew', async () => {
    const path = join(ca.files.folder, 'secrets/intermediate_ca_key');
    assert.match(await readFile(path, 'utf8'), /BEGIN ENCRYPTED PRIVATE KEY/);
    const own = await ca.start();
    assert.equal((await sign(own.port, ca.bench)).status, 201);
    await own.stop();
    const options = { stepPath: ca.files.folder, cwd: ca.files.folder };
    const password = ['--password-file', ca.files.passwordPath, '--new-password-file', ca.files.passwordPath];
    await step(['crypto', 'change-pass', path, ...password, '--out', 'by-step.pem', '--force'], options);
    const { port } = await ca.start((config) => {
      config.key = join(ca.files.folder, 'by-step.pem');
    });
    assert.equal((await sign(port, ca.bench)).status, 201);
  });
});

onOneCa('the encrypted key of a provisioner', (ca) => {
  const withInput = (args: readonly string[], input: string): string =>
    execFileSync(peerPath('step'), args, {
      input,
      cwd: ca.files.folder,
      stdio: 'pipe',
      encoding: 'utf8',
      timeout: 30_000,
    });
  type Listed = { name: string; key: Record<string, unknown>; encryptedKey: string };
  const admin = async (): Promise<Listed> => {
    const { body } = await ask(ca.port, '/provisioners');
    const [found] = body.provisioners as Listed[];
    assert.ok(found);
    return found;
  };

  it('28: is a JWE with 600 000 rounds, that the CLI decrypts to the key in the listing', async () => {
    const { key, encryptedKey } = await admin();
    const { body } = await ask(ca.port, `/provisioners/${String(key.kid)}/encrypted-key`);
    assert.equal(body.key, encryptedKey);
    const header = JSON.parse(Buffer.from(encryptedKey.split('.')[0] ?? '', 'base64url').toString());
    assert.deepEqual(
      [header.alg, header.enc, header.cty, header.p2c],
      ['PBES2-HS256+A128KW', 'A256GCM', 'jwk+json', 600_000],
    );
    const decrypted = JSON.parse(
      withInput(['crypto', 'jwe', 'decrypt', '--password-file', ca.files.passwordPath], encryptedKey),
    );
    const { d, ...rest } = decrypted;
    assert.deepEqual([typeof d, rest], ['string', key]);
  });

  it('28: has the thumbprint of the CLI as its id', async () => {
    const { key } = await admin();
    assert.equal(withInput(['crypto', 'jwk', 'thumbprint'], JSON.stringify(key)).trim(), key.kid);
    assert.deepEqual(Object.keys(key), ['use', 'kty', 'kid', 'crv', 'alg', 'x', 'y']);
  });

  it('28: makes a token in the CLI, with its password only', async () => {
    const options = { stepPath: ca.files.folder, cwd: ca.files.folder };
    const flags = ['--ca-url', `https://localhost:${ca.port}`, '--root', 'certs/root_ca.crt', '--provisioner', 'admin'];
    const token = await step(['ca', 'token', 'web.test', ...flags, '--password-file', ca.files.passwordPath], options);
    assert.equal((await sign(ca.port, ca.bench, { ott: token.trim() })).status, 201);
    await writeFile(join(ca.files.folder, 'wrong.txt'), 'wrong\n');
    const { code } = await runStep(['ca', 'token', 'web.test', ...flags, '--password-file', 'wrong.txt'], options);
    assert.equal(code, 1);
  });
});
