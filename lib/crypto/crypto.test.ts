import assert from 'node:assert/strict';
import { createPrivateKey } from 'node:crypto';
import { describe, it } from 'node:test';
import {
  encodeEncryptedPrivateKeyPem,
  encodePrivateKeyPem,
  generatePrivateKey,
  isEncryptedPrivateKeyPem,
  isSamePublicKey,
  type KeySpec,
  parsePrivateKeyPem,
} from './index.ts';

const labels: [KeySpec, string][] = [
  ['EC-P256', 'EC PRIVATE KEY'],
  ['EC-P384', 'EC PRIVATE KEY'],
  ['EC-P521', 'EC PRIVATE KEY'],
  ['RSA-2048', 'RSA PRIVATE KEY'],
  ['Ed25519', 'PRIVATE KEY'],
];

describe('private keys', () => {
  for (const [spec, label] of labels) {
    it(`writes ${spec} as ${label} and reads it back, plain and encrypted`, async () => {
      const key = await generatePrivateKey(spec);
      const pem = encodePrivateKeyPem(key);
      assert.ok(pem.startsWith(`-----BEGIN ${label}-----\n`));
      assert.ok(isSamePublicKey(parsePrivateKeyPem(pem), key));
      const sealed = await encodeEncryptedPrivateKeyPem(key, 'p\u00e4ss', { rounds: 1000 });
      assert.ok(isEncryptedPrivateKeyPem(sealed) && !isEncryptedPrivateKeyPem(pem));
      assert.ok(isSamePublicKey(parsePrivateKeyPem(sealed, 'p\u00e4ss'), key));
      assert.ok(isSamePublicKey(createPrivateKey({ key: sealed, passphrase: 'p\u00e4ss' }), key), 'OpenSSL reads it');
      assert.throws(() => parsePrivateKeyPem(sealed, 'wrong'), { code: 'ERR_KEY_PASSWORD' });
      assert.throws(() => parsePrivateKeyPem(sealed), { code: 'ERR_KEY_PASSWORD' });
    });
  }
});
