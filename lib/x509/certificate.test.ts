import assert from 'node:assert/strict';
import { createHash, X509Certificate } from 'node:crypto';
import { describe, it } from 'node:test';
import { getCACertificates } from 'node:tls';
import fc from 'fast-check';
import {
  bitString,
  contextTag,
  encodePem,
  integer,
  octetString,
  oid,
  sequence,
  Tag,
  time,
  tlv,
} from '../encoding/index.ts';
import { isAppError } from '../errors/index.ts';
import { createFakeAuthority, start } from './fake-authority.ts';
import {
  encodeExtension,
  encodeName,
  encodeProvisionerExtension,
  fingerprint,
  oids,
  parseCertificate,
  parseCertificateChainPem,
  parseProvisionerExtension,
  provisionerTypes,
  serialDecimal,
  serialHex,
} from './index.ts';

const authority = await createFakeAuthority();
const leaf = await authority.leaf({ provisioner: { type: 'JWK', name: 'admin', credentialId: 'kid' } });

describe('parseCertificate', () => {
  it('reads every field of a certificate', () => {
    assert.equal(leaf.subject.text, 'CN=web.test');
    assert.equal(leaf.issuer.text, 'CN=Test Intermediate CA,O=Test');
    assert.deepEqual(leaf.issuerDer, authority.intermediate.subjectDer);
    assert.deepEqual(leaf.keyUsage, ['digitalSignature']);
    assert.deepEqual(leaf.extendedKeyUsage, [oids.serverAuth, oids.clientAuth]);
    assert.deepEqual(leaf.authorityKeyId, authority.intermediate.subjectKeyId);
    assert.equal(leaf.isCa, false);
    assert.equal(leaf.publicKeyInfo.description, 'ECDSA P-256');
    assert.equal(leaf.publicKey.asymmetricKeyType, 'ec');
    assert.deepEqual(leaf.provisioner, { type: 'JWK', name: 'admin', credentialId: 'kid' });
    assert.equal(leaf.signatureAlgorithm?.name, 'ECDSA-SHA256');
  });

  it('keeps its own copy of the bytes', () => {
    const bytes = Buffer.from(leaf.der);
    const parsed = parseCertificate(bytes);
    bytes.fill(0);
    assert.deepEqual(parsed.der, leaf.der);
    assert.deepEqual(parsed.tbsDer, leaf.tbsDer);
  });

  it('reads the public authorities that Node carries as OpenSSL reads them', () => {
    const pems = getCACertificates('bundled');
    assert.ok(pems.length > 100);
    for (const pem of pems) {
      const [ours] = parseCertificateChainPem(pem);
      const theirs = new X509Certificate(pem);
      assert.ok(ours);
      assert.equal(ours.serial, BigInt(`0x${theirs.serialNumber}`));
      assert.equal(ours.notBefore, theirs.validFromDate.getTime());
      assert.equal(ours.notAfter, theirs.validToDate.getTime());
      assert.equal(ours.isCa, theirs.ca);
      assert.ok(ours.publicKey.equals(theirs.publicKey));
      assert.equal(fingerprint(ours.der), theirs.fingerprint256.replaceAll(':', '').toLowerCase());
    }
  });

  const parts = {
    version: tlv(contextTag(0, true), integer(2)),
    serial: integer(5),
    algorithm: sequence(oid('1.2.840.10045.4.3.2')),
    validity: sequence(time(start), time(start)),
    key: leaf.publicKeyDer,
    outerAlgorithm: sequence(oid('1.2.840.10045.4.3.2')),
    extensions: tlv(contextTag(3, true), sequence(encodeExtension('1.2.3', octetString(Buffer.alloc(1))))),
  };
  const assemble = (change: Partial<Record<keyof typeof parts, Buffer>>): Buffer => {
    const { version, serial, algorithm, validity, key, outerAlgorithm, extensions } = { ...parts, ...change };
    const name = encodeName({ commonName: 'a' });
    const tbs = sequence(version, serial, algorithm, name, validity, name, key, extensions);
    return sequence(tbs, outerAlgorithm, bitString(Buffer.alloc(8)));
  };
  const extension = (type: string, value: Buffer): Buffer =>
    tlv(contextTag(3, true), sequence(encodeExtension(type, value)));
  const none = Buffer.alloc(0);

  it('reads the parts that the next tests change', () => {
    assert.equal(parseCertificate(assemble({})).serial, 5n);
    assert.equal(parseCertificate(assemble({ version: none, extensions: none })).extensions.length, 0);
  });

  const malformed: Record<string, Buffer> = {
    'two signature algorithms': assemble({ outerAlgorithm: sequence(oid('1.2.840.10045.4.3.3')) }),
    'extensions in a certificate of version 1': assemble({ version: none }),
    'an unknown version': assemble({ version: tlv(contextTag(0, true), integer(3)) }),
    'a negative serial number': assemble({ serial: integer(-5) }),
    'an endless serial number': assemble({ serial: integer(2n ** 4000n) }),
    'a validity that is no time': assemble({ validity: sequence(integer(1), integer(2)) }),
    'a third time': assemble({ validity: sequence(time(0), time(0), time(0)) }),
    'an extension twice': assemble({
      extensions: tlv(contextTag(3, true), sequence(encodeExtension('1.2.3', none), encodeExtension('1.2.3', none))),
    }),
    'a path length below zero': assemble({ extensions: extension(oids.basicConstraints, sequence(integer(-1))) }),
    'a path length above reason': assemble({ extensions: extension(oids.basicConstraints, sequence(integer(256))) }),
    'a boolean of two bytes': assemble({
      extensions: extension(oids.basicConstraints, sequence(tlv(Tag.boolean, Buffer.alloc(2)))),
    }),
    'a boolean of neither value': assemble({
      extensions: extension(oids.basicConstraints, sequence(tlv(Tag.boolean, Buffer.from([1])))),
    }),
    'a key usage of no bits and seven unused': assemble({
      extensions: extension(oids.keyUsage, tlv(Tag.bitString, Buffer.from([7]))),
    }),
    'an empty key usage': assemble({ extensions: extension(oids.keyUsage, tlv(Tag.bitString)) }),
    'bytes after an extension’s value': assemble({
      extensions: extension(oids.extendedKeyUsage, Buffer.concat([sequence(), sequence()])),
    }),
    'bytes after the certificate': Buffer.concat([leaf.der, Buffer.alloc(1)]),
    nothing: none,
  };
  for (const [name, bytes] of Object.entries(malformed)) {
    it(`refuses ${name}`, () => {
      assert.throws(
        () => parseCertificate(bytes),
        (error) => {
          assert.ok(isAppError(error) && ['ERR_CERTIFICATE', 'ERR_DER'].includes(error.code), String(error));
          return error.message.startsWith('certificate: ');
        },
      );
    });
  }

  const point = (hex: string, curve = '1.2.840.10045.3.1.7'): Buffer =>
    sequence(sequence(oid('1.2.840.10045.2.1'), oid(curve)), bitString(Buffer.from(hex, 'hex')));
  const rsa = (modulus: bigint, exponent: bigint): Buffer =>
    sequence(
      sequence(oid('1.2.840.113549.1.1.1'), Buffer.from([5, 0])),
      bitString(sequence(integer(modulus), integer(exponent))),
    );
  const keys: Record<string, Buffer> = {
    'an unknown algorithm': sequence(sequence(oid('1.2.3')), bitString(none)),
    'a compressed point': point(`02${'11'.repeat(32)}`),
    'a point of the wrong length': point('04aa'),
    'a hybrid point': point(`06${'11'.repeat(64)}`),
    'an unknown curve': point(`04${'11'.repeat(64)}`, '1.3.132.0.10'),
    'RSA without NULL parameters': sequence(sequence(oid('1.2.840.113549.1.1.1'), sequence()), bitString(none)),
    'an RSA modulus too large to verify': rsa(2n ** 16_400n + 1n, 65_537n),
    'an even RSA modulus': rsa(2n ** 2048n, 65_537n),
    'a negative RSA modulus': rsa(-(2n ** 2048n) + 1n, 65_537n),
    'an RSA exponent of one': rsa(2n ** 2048n + 1n, 1n),
    'an Ed25519 key of 31 bytes': sequence(sequence(oid(oids.ed25519)), bitString(Buffer.alloc(31))),
  };
  for (const [name, key] of Object.entries(keys)) {
    it(`refuses ${name}`, () => assert.throws(() => parseCertificate(assemble({ key })), { code: /^ERR_PUBLIC_KEY/ }));
  }

  it('refuses a point that is not on its curve when the key is used', () => {
    const parsed = parseCertificate(assemble({ key: point(`04${'11'.repeat(64)}`) }));
    assert.throws(() => parsed.publicKey, { code: 'ERR_PUBLIC_KEY' });
  });

  it('answers damaged bytes with a certificate or a coded error', () => {
    fc.assert(
      fc.property(fc.nat(), fc.uint8Array({ minLength: 1, maxLength: 6 }), (at, bytes) => {
        const damaged = Buffer.from(leaf.der);
        damaged.set(bytes, at % (damaged.length - bytes.length));
        try {
          parseCertificate(damaged);
        } catch (error) {
          assert.ok(isAppError(error) && error.kind === 'invalid', String(error));
        }
      }),
      { numRuns: 3000 },
    );
  });

  it('answers any bytes and any cut with a coded error', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array({ maxLength: 300 }),
          fc.nat(leaf.der.length - 1).map((end) => leaf.der.subarray(0, end)),
        ),
        (bytes) => {
          assert.throws(() => parseCertificate(bytes), { code: 'ERR_DER' });
        },
      ),
    );
  });
});

describe('certificates in PEM', () => {
  it('are read in order, text around them is passed over', () => {
    const pem = [leaf, authority.intermediate].map(({ der }) => `noise\n${encodePem('CERTIFICATE', der)}`).join('');
    assert.deepEqual(
      parseCertificateChainPem(pem).map(({ commonName }) => commonName),
      ['web.test', 'Test Intermediate CA'],
    );
  });
  it('are missed when there are none', () => {
    assert.throws(() => parseCertificateChainPem(encodePem('PUBLIC KEY', leaf.publicKeyDer)), { code: 'ERR_PEM' });
  });
});

describe('names of a certificate', () => {
  it('are the SHA-256 of its DER and its serial in decimal and hex', () => {
    assert.equal(fingerprint(leaf.der), createHash('sha256').update(leaf.der).digest('hex'));
    assert.deepEqual([serialDecimal({ serial: 4095n }), serialHex({ serial: 4095n })], ['4095', '0fff']);
  });
});

describe('provisioner extension', () => {
  it('has the bytes that step-ca writes', () => {
    const bytes = encodeProvisionerExtension({ type: 'JWK', name: 'admin', credentialId: 'kid' });
    // SEQUENCE { OID, OCTET STRING { SEQUENCE { 1, "admin", "kid" } } }
    assert.equal(bytes.toString('hex'), '3021060c2b0601040182a464c62840010411300f020101040561646d696e04036b6964');
  });

  it('is read back to the same', () => {
    const provisioner = fc.record(
      {
        type: fc.constantFrom(...provisionerTypes),
        name: fc.string({ unit: 'grapheme' }),
        credentialId: fc.string({ unit: 'grapheme' }),
        keyValuePairs: fc.array(fc.string({ unit: 'grapheme' }), { minLength: 1, maxLength: 4 }),
      },
      { noNullPrototype: true },
    );
    fc.assert(
      fc.property(provisioner, (value) => {
        const extensions = tlv(contextTag(3, true), sequence(encodeProvisionerExtension(value)));
        const read = parseCertificateWith(extensions);
        assert.deepEqual(read, value);
      }),
    );
  });

  it('counts as absent when it does not parse, as for step-ca', () => {
    assert.equal(
      parseCertificateWith(tlv(contextTag(3, true), sequence(encodeExtension(oids.provisioner, Buffer.from('x'))))),
      undefined,
    );
    assert.throws(() => parseProvisionerExtension(Buffer.from('x')), { code: 'ERR_DER' });
  });

  function parseCertificateWith(extensions: Buffer) {
    const name = encodeName({});
    const algorithm = sequence(oid('1.2.840.10045.4.3.2'));
    const version = tlv(contextTag(0, true), integer(2));
    const validity = sequence(time(start), time(start));
    const tbs = sequence(version, integer(1), algorithm, name, validity, name, leaf.publicKeyDer, extensions);
    return parseCertificate(sequence(tbs, algorithm, bitString(Buffer.alloc(8)))).provisioner;
  }
});
