/** The real step CLI reads what we write and we read what it writes; a real step-ca takes our tokens and requests. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import {
  encodeEncryptedPrivateKeyPem,
  encodePrivateKeyPem,
  generatePrivateKey,
  isSamePublicKey,
  type KeySpec,
  parsePrivateKeyPem,
  publicKeyDer,
} from '../../../lib/crypto/index.ts';
import { encodePem } from '../../../lib/encoding/index.ts';
import { encryptProvisionerKey, generateProvisionerKey } from '../../../lib/jwk-provisioner/index.ts';
import { createFakeAuthority } from '../../../lib/x509/fake-authority.ts';
import { buildCertificateRequest, fingerprint, verifyChain } from '../../../lib/x509/index.ts';
import { peerPath } from '../../../tools/peers/index.ts';
import { one, type StepCa, startStepCa } from './pair.ts';

const folder = mkdtempSync(join(tmpdir(), 'autocert-step-'));
const step = (...args: string[]): string =>
  execFileSync(peerPath('step'), args, {
    cwd: folder,
    env: { HOME: folder, STEPPATH: folder },
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  });
const write = (name: string, text: string): void => writeFileSync(join(folder, name), text);
write('password', 'test-only\n');

describe('step 0.30', () => {
  after(() => rmSync(folder, { recursive: true }));

  describe('the step CLI', () => {
    for (const keySpec of ['EC-P256', 'EC-P384', 'EC-P521', 'RSA-2048', 'Ed25519'] satisfies KeySpec[]) {
      it(`reads our keys of ${keySpec}, and writes a plain one as we do`, async () => {
        const key = await generatePrivateKey(keySpec);
        const spki = encodePem('PUBLIC KEY', publicKeyDer(key));
        write('plain.key', encodePrivateKeyPem(key));
        write('sealed.key', await encodeEncryptedPrivateKeyPem(key, 'test-only'));
        assert.equal(step('crypto', 'key', 'public', 'plain.key'), spki);
        assert.equal(step('crypto', 'key', 'public', '--password-file', 'password', 'sealed.key'), spki);
        const plain = ['--no-password', '--insecure', '--password-file', 'password'];
        const format = keySpec === 'Ed25519' ? ['--pem', '--pkcs8'] : ['--pem'];
        step('crypto', 'key', 'format', ...format, ...plain, '--out', 'formatted.key', '--force', 'sealed.key');
        assert.equal(readFileSync(join(folder, 'formatted.key'), 'utf8'), encodePrivateKeyPem(key));
      });
    }

    it('opens our encrypted provisioner key and names it as we do', async () => {
      const key = await generateProvisionerKey();
      const jwe = await encryptProvisionerKey(key, 'test-only');
      const opened = execFileSync(peerPath('step'), ['crypto', 'jwe', 'decrypt', '--password-file', 'password'], {
        cwd: folder,
        env: { HOME: folder },
        input: jwe,
        encoding: 'utf8',
        stdio: ['pipe', 'pipe', 'pipe'],
      });
      assert.equal((JSON.parse(opened) as { kid: string }).kid, key.kid);
      write('jwk.json', JSON.stringify(key.publicJwk));
      const thumbprint = execFileSync(peerPath('step'), ['crypto', 'jwk', 'thumbprint'], {
        input: JSON.stringify(key.publicJwk),
        encoding: 'utf8',
      });
      assert.equal(thumbprint.trim(), key.kid);
    });

    it('verifies our chain and sees our provisioner in it', async () => {
      const now = Date.now();
      const life = { notBefore: now - 60_000, notAfter: now + 3_600_000 };
      const authority = await createFakeAuthority({ root: life, intermediate: life });
      const provisioner = { type: 'JWK', name: 'admin', credentialId: 'kid' } as const;
      const leaf = await authority.leaf({ ...life, provisioner });
      write('root.crt', encodePem('CERTIFICATE', authority.root.der));
      write('site.crt', [leaf, authority.intermediate].map(({ der }) => encodePem('CERTIFICATE', der)).join(''));
      step('certificate', 'verify', 'site.crt', '--roots', 'root.crt', '--host', 'web.test');
      assert.equal(step('certificate', 'fingerprint', 'root.crt').trim(), fingerprint(authority.root.der));
      assert.match(
        step('certificate', 'inspect', 'site.crt'),
        /X509v3 Step Provisioner:\s+Type: JWK\s+Name: admin\s+CredentialID: kid/,
      );
    });
  });

  describe('a real step-ca', () => {
    let stepCa: StepCa;
    before(async () => {
      stepCa = await startStepCa();
    });
    after(() => stepCa?.stop());

    it('has keys that we open with its password, and only with it', () => {
      for (const name of ['root_ca', 'intermediate_ca'] as const) {
        const pem = readFileSync(join(stepCa.folder, `secrets/${name}_key`), 'utf8');
        const certificate = name === 'root_ca' ? stepCa.root : stepCa.intermediate;
        assert.ok(isSamePublicKey(parsePrivateKeyPem(pem, stepCa.password), certificate.publicKey));
        assert.throws(() => parsePrivateKeyPem(pem, 'wrong'), { code: 'ERR_KEY_PASSWORD' });
      }
    });

    it('has a provisioner whose key we open and list as it lists it', async () => {
      const [listed] = await stepCa.client.provisioners();
      assert.deepEqual(JSON.stringify(listed?.key), JSON.stringify(stepCa.provisioner.publicJwk));
    });

    it('signs our request for our token, in a chain that we verify', async () => {
      const sans = ['web.test', '10.0.0.1', 'spiffe://web.test/a'];
      const { chainPem } = await stepCa.client.sign(stepCa.request(await generatePrivateKey(), 'web.test', sans));
      const [leaf, ...intermediates] = chainPem.map(one);
      assert.ok(leaf);
      assert.deepEqual(leaf.sans, { dns: ['web.test'], ip: ['10.0.0.1'], email: [], uri: ['spiffe://web.test/a'] });
      const path = verifyChain(leaf, intermediates, [stepCa.root], Date.now(), { eku: 'serverAuth' });
      assert.equal(path.length, 3);
    });

    it('refuses our token with another request than the one it is bound to', async () => {
      const { ott } = stepCa.request(await generatePrivateKey(), 'web.test', ['web.test']);
      const other = buildCertificateRequest({
        commonName: 'web.test',
        sans: ['web.test'],
        key: await generatePrivateKey(),
      });
      await assert.rejects(stepCa.client.sign({ csr: encodePem('CERTIFICATE REQUEST', other), ott }), {
        code: 'ERR_CA_REFUSED',
        message: /fingerprint does not match/,
      });
    });
  });
});
