import assert from 'node:assert/strict';
import { createPrivateKey, createPublicKey } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { encodePem, integer, octetString, oid, parsePem, sequence } from '../encoding/index.ts';
import { isAppError } from '../errors/index.ts';
import {
  encodeEncryptedPrivateKeyPem,
  encodePrivateKeyPem,
  generatePrivateKey,
  isEncryptedPrivateKeyPem,
  isSamePublicKey,
  type KeySpec,
  parsePrivateKeyPem,
  publicKeyDer,
} from './index.ts';

/** Each file holds a private key, as the named program wrote it, and the public key it must give. */
const folder = join(import.meta.dirname, 'fixtures');
const fixture = (name: string): string => readFileSync(join(folder, `${name}.pem`), 'utf8');
const names = readdirSync(folder).map((name) => name.replace('.pem', ''));
const password = 'test-only';
const refused = names.filter((name) => name.startsWith('refused-'));
const encrypted = names.filter((name) => /^(traditional|pbes2|step|openssh-encrypted)-/.test(name));

describe('parsePrivateKeyPem', () => {
  for (const name of names.filter((candidate) => !refused.includes(candidate))) {
    it(`reads ${name}`, () => {
      const text = fixture(name);
      const expected = parsePem(text).find(({ label }) => label === 'PUBLIC KEY')?.der;
      assert.deepEqual(publicKeyDer(parsePrivateKeyPem(text, password)), expected);
    });
  }

  for (const name of encrypted) {
    it(`says that the password of ${name} is wrong or missing`, () => {
      const text = fixture(name);
      assert.ok(isEncryptedPrivateKeyPem(text));
      for (const wrong of ['wrong', '', 'test-only\n']) {
        assert.throws(() => parsePrivateKeyPem(text, wrong), { code: 'ERR_KEY_PASSWORD' });
      }
      assert.throws(() => parsePrivateKeyPem(text), { code: 'ERR_KEY_PASSWORD', message: /no password was given/ });
    });
  }

  for (const name of refused) {
    it(`does not read ${name}`, () => {
      assert.throws(() => parsePrivateKeyPem(fixture(name), password), { code: 'ERR_KEY_FORMAT' });
    });
  }

  it('refuses an OpenSSH key that asks for endless rounds of bcrypt', () => {
    const [block] = parsePem(fixture('openssh-encrypted-ecdsa-aes256-ctr'));
    assert.ok(block);
    const bytes = Buffer.from(block.der);
    const at = bytes.indexOf(Buffer.from('0000001800000010', 'hex')) + 8 + 16;
    assert.equal(bytes.readUInt32BE(at), 4);
    bytes.writeUInt32BE(2 ** 31, at);
    const pem = encodePem(block.label, bytes);
    assert.throws(() => parsePrivateKeyPem(pem, password), { code: 'ERR_KEY_FORMAT', message: /rounds of bcrypt/ });
  });

  it('takes every wrong password for wrong, also when the padding happens to be right', () => {
    const text = fixture('traditional-aes-256');
    for (let attempt = 0; attempt < 1000; attempt++) {
      assert.throws(() => parsePrivateKeyPem(text, `wrong ${attempt}`), { code: 'ERR_KEY_PASSWORD' });
    }
  });

  it('refuses a text without a key and one with two', () => {
    const [key] = [fixture('sec1')];
    for (const text of ['', 'hello', encodePem('CERTIFICATE', Buffer.alloc(3)), key + key]) {
      assert.throws(() => parsePrivateKeyPem(text), { code: 'ERR_KEY_FORMAT' });
    }
  });

  for (const rounds of [0, 10_000_001, 2 ** 40]) {
    it(`refuses ${rounds} rounds of PBKDF2 before deriving anything`, () => {
      const derivation = sequence(
        oid('1.2.840.113549.1.5.12'),
        sequence(octetString(Buffer.alloc(8)), integer(rounds)),
      );
      const scheme = sequence(oid('2.16.840.1.101.3.4.1.42'), octetString(Buffer.alloc(16)));
      const info = sequence(
        sequence(oid('1.2.840.113549.1.5.13'), sequence(derivation, scheme)),
        octetString(Buffer.alloc(32)),
      );
      const pem = encodePem('ENCRYPTED PRIVATE KEY', info);
      assert.throws(() => parsePrivateKeyPem(pem, 'pw'), { code: 'ERR_KEY_FORMAT', message: /rounds of PBKDF2/ });
    });
  }

  it('answers damaged files with a coded error that shows nothing of them, or with a key', () => {
    const sources = [
      'sec1',
      'pkcs8',
      'openssh-rsa-2048',
      'openssh-ecdsa-256',
      'traditional-aes-128',
      'pbes2-des3-sha1',
    ];
    const blocks = sources.map((name) => parsePem(fixture(name))[0]).filter((block) => block !== undefined);
    fc.assert(
      fc.property(fc.constantFrom(...blocks), fc.nat(), fc.integer({ min: 0, max: 255 }), (block, at, byte) => {
        const der = Buffer.from(block.der);
        der[at % der.length] = byte;
        const headers = Array.from(block.headers, ([name, value]) => `${name}: ${value}\n`).join('');
        const pem = encodePem(block.label, der).replace('-----\n', `-----\n${headers}${headers && '\n'}`);
        try {
          parsePrivateKeyPem(pem, password);
        } catch (error) {
          assert.ok(isAppError(error) && /^ERR_(KEY|DER|PEM)/.test(error.code), String(error));
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe('encodePrivateKeyPem', () => {
  it('writes the bytes that the step CLI writes', () => {
    const [written] = /-----BEGIN EC[\s\S]*?-----END EC PRIVATE KEY-----\n/.exec(fixture('sec1')) ?? [];
    assert.equal(encodePrivateKeyPem(parsePrivateKeyPem(fixture('sec1'))), written);
  });

  const labels: [KeySpec, string][] = [
    ['EC-P256', 'EC PRIVATE KEY'],
    ['EC-P384', 'EC PRIVATE KEY'],
    ['EC-P521', 'EC PRIVATE KEY'],
    ['RSA-2048', 'RSA PRIVATE KEY'],
    ['Ed25519', 'PRIVATE KEY'],
  ];
  for (const [spec, label] of labels) {
    it(`writes ${spec} as ${label}, which is read back to the same key`, async () => {
      const key = await generatePrivateKey(spec);
      const pem = encodePrivateKeyPem(key);
      assert.ok(pem.startsWith(`-----BEGIN ${label}-----\n`));
      assert.ok(!isEncryptedPrivateKeyPem(pem));
      assert.ok(parsePrivateKeyPem(pem).equals(key));
    });

    it(`encrypts ${spec} so that OpenSSL and we read it back`, async () => {
      const key = await generatePrivateKey(spec);
      const pem = await encodeEncryptedPrivateKeyPem(key, 'pässword', { rounds: 1000 });
      assert.ok(isEncryptedPrivateKeyPem(pem));
      assert.ok(parsePrivateKeyPem(pem, 'pässword').equals(key));
      assert.ok(createPrivateKey({ key: pem, passphrase: 'pässword' }).equals(key));
    });
  }

  it('encrypts with AES-256-CBC under 600 000 rounds of HMAC-SHA256', async () => {
    const pem = await encodeEncryptedPrivateKeyPem(await generatePrivateKey(), 'pw');
    const hex = parsePem(pem)[0]?.der.toString('hex') ?? '';
    for (const part of [integer(600_000), oid('1.2.840.113549.2.9'), oid('2.16.840.1.101.3.4.1.42')]) {
      assert.ok(hex.includes(part.toString('hex')));
    }
  });
});

describe('isSamePublicKey', () => {
  it('compares halves of key pairs', async () => {
    const [key, other] = await Promise.all([generatePrivateKey(), generatePrivateKey()]);
    assert.ok(isSamePublicKey(key, createPublicKey(key)) && isSamePublicKey(createPublicKey(key), key));
    assert.ok(!isSamePublicKey(key, other) && !isSamePublicKey(key, createPublicKey(other)));
  });
});
