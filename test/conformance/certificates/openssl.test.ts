/** OpenSSL's command line, another implementation than the one inside Node, judges what lib/x509 and lib/crypto write. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import {
  encodeEncryptedPrivateKeyPem,
  encodePrivateKeyPem,
  generatePrivateKey,
  type KeySpec,
  publicKeyDer,
} from '../../../lib/crypto/index.ts';
import { encodePem } from '../../../lib/encoding/index.ts';
import { createFakeAuthority, day, start } from '../../../lib/x509/fake-authority.ts';
import { buildCertificateRequest, type Certificate } from '../../../lib/x509/index.ts';

const folder = mkdtempSync(join(tmpdir(), 'autocert-openssl-'));
const openssl = (...args: string[]): string =>
  execFileSync('openssl', args, { cwd: folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
const write = (name: string, text: string): void => writeFileSync(join(folder, name), text);
const writeCertificate = (name: string, { der }: Certificate): void => write(name, encodePem('CERTIFICATE', der));

const keySpecs: readonly KeySpec[] = ['EC-P256', 'EC-P384', 'EC-P521', 'RSA-2048', 'Ed25519'];
const seconds = (ms: number): string => String(ms / 1000);

describe('openssl', () => {
  after(() => rmSync(folder, { recursive: true }));

  for (const keySpec of keySpecs) {
    it(`verifies a chain of ${keySpec} strictly (-x509_strict), for servers and clients`, async () => {
      const authority = await createFakeAuthority({ keySpec });
      const sans = ['web.test', '10.0.0.1', 'fd00::1', 'a@web.test', 'spiffe://web.test/a'];
      const publicKey = publicKeyDer(await generatePrivateKey(keySpec));
      writeCertificate('root.crt', authority.root);
      writeCertificate('intermediate.crt', authority.intermediate);
      writeCertificate('leaf.crt', await authority.leaf({ sans, publicKeyDer: publicKey }));
      const chain = ['-CAfile', 'root.crt', '-untrusted', 'intermediate.crt', '-x509_strict', '-check_ss_sig'];
      const at = ['-attime', seconds(start + day - 1000)];
      for (const purpose of ['sslserver', 'sslclient']) {
        assert.equal(openssl('verify', ...chain, ...at, '-purpose', purpose, 'leaf.crt'), 'leaf.crt: OK\n');
      }
      for (const [flag, name] of [
        ['-verify_hostname', 'web.test'],
        ['-verify_ip', 'fd00::1'],
        ['-verify_email', 'a@web.test'],
      ] as const) {
        openssl('verify', ...chain, ...at, flag, name, 'leaf.crt');
      }
      assert.throws(() => openssl('verify', ...chain, ...at, '-verify_hostname', 'other.test', 'leaf.crt'));
      assert.throws(() => openssl('verify', ...chain, '-attime', seconds(start + day + 1000), 'leaf.crt'), /expired/);
    });

    it(`verifies a request of ${keySpec} and reads its key, plain and encrypted`, async () => {
      const key = await generatePrivateKey(keySpec);
      const sans = ['web.test', '10.0.0.1', 'a@web.test', 'spiffe://web.test/a'];
      write('a.csr', encodePem('CERTIFICATE REQUEST', buildCertificateRequest({ commonName: 'web.test', sans, key })));
      const text = openssl('req', '-in', 'a.csr', '-verify', '-noout', '-text');
      assert.match(text, /DNS:web\.test, email:a@web\.test, IP Address:10\.0\.0\.1, URI:spiffe:\/\/web\.test\/a/);
      const spki = encodePem('PUBLIC KEY', publicKeyDer(key));
      assert.equal(openssl('req', '-in', 'a.csr', '-pubkey', '-noout'), spki);
      write('plain.key', encodePrivateKeyPem(key));
      write('sealed.key', await encodeEncryptedPrivateKeyPem(key, 'test-only'));
      assert.equal(openssl('pkey', '-in', 'plain.key', '-pubout'), spki);
      assert.equal(openssl('pkey', '-in', 'sealed.key', '-passin', 'pass:test-only', '-pubout'), spki);
      assert.throws(() => openssl('pkey', '-in', 'sealed.key', '-passin', 'pass:wrong', '-pubout'));
    });
  }
});
