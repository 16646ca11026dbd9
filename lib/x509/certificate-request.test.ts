import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import 'reflect-metadata';
import * as peculiar from '@peculiar/x509';
import fc from 'fast-check';
import { generatePrivateKey, isSamePublicKey, type KeySpec, keySpecs } from '../crypto/index.ts';
import { bitString, contextTag, integer, octetString, oid, parsePem, sequence, setOf, tlv } from '../encoding/index.ts';
import { isAppError } from '../errors/index.ts';
import {
  buildCertificateRequest,
  encodeExtension,
  encodeName,
  oids,
  parseCertificateRequest,
  verifyCertificateRequest,
} from './index.ts';

/** Requests made by openssl 3 for one configuration and many keys. */
type Requests = Record<'accepted' | 'unverifiable' | 'refused', Record<string, string>> & { bare: string };
const openssl: Requests = JSON.parse(readFileSync(join(import.meta.dirname, 'fixtures/openssl-requests.json'), 'utf8'));
const der = (pem: string): Buffer => parsePem(pem)[0]?.der ?? assert.fail('no PEM block');

describe('parseCertificateRequest', () => {
  for (const [name, pem] of Object.entries(openssl.accepted)) {
    it(`reads and verifies a request of openssl: ${name}`, () => {
      const request = parseCertificateRequest(der(pem));
      assert.equal(request.subject.text, 'CN=web.test,O=Example\\+OU=Multi,C=DE');
      assert.equal(request.commonName, 'web.test');
      assert.deepEqual(request.sans, {
        dns: ['web.test', '*.web.test'],
        ip: ['10.0.0.1', 'fd00::1'],
        email: ['a@web.test'],
        uri: ['spiffe://web.test/a'],
      });
      assert.ok(verifyCertificateRequest(request));
    });

    it(`sees any change of a signed or signing byte: ${name}`, () => {
      const { infoDer, signature, ...request } = parseCertificateRequest(der(pem));
      const flipped = (bytes: Buffer, at: number): Buffer => {
        const copy = Buffer.from(bytes);
        copy[at] = (copy[at] ?? 0) ^ 1;
        return copy;
      };
      for (const at of [0, infoDer.length - 1]) {
        assert.ok(!verifyCertificateRequest({ ...request, signature, infoDer: flipped(infoDer, at) }));
      }
      for (const changed of [flipped(signature, signature.length - 1), signature.subarray(1), Buffer.alloc(0)]) {
        assert.ok(!verifyCertificateRequest({ ...request, infoDer, signature: changed }));
      }
    });
  }

  for (const [name, pem] of Object.entries(openssl.unverifiable)) {
    it(`reads but never verifies ${name}`, () => {
      const request = parseCertificateRequest(der(pem));
      assert.equal(request.signatureAlgorithm, undefined);
      assert.ok(!verifyCertificateRequest(request));
    });
  }

  for (const [name, pem] of Object.entries(openssl.refused)) {
    it(`refuses a key of kind ${name}`, () => {
      assert.throws(() => parseCertificateRequest(der(pem)), { code: /^ERR_PUBLIC_KEY/, kind: 'invalid' });
    });
  }

  it('reads a request without subject and names', () => {
    const request = parseCertificateRequest(der(openssl.bare));
    assert.deepEqual([request.commonName, request.subject.rdns, request.extensions], ['', [], []]);
    assert.ok(verifyCertificateRequest(request));
  });

  it('does not verify a request signed by another key than its own', async () => {
    const [key, other] = await Promise.all([generatePrivateKey(), generatePrivateKey()]);
    const request = parseCertificateRequest(buildCertificateRequest({ commonName: 'a', sans: [], key }));
    const { publicKey } = parseCertificateRequest(buildCertificateRequest({ commonName: 'a', sans: [], key: other }));
    assert.ok(verifyCertificateRequest(request) && !verifyCertificateRequest({ ...request, publicKey }));
  });

  const { subjectDer, publicKeyDer } = parseCertificateRequest(der(openssl.bare));
  const assemble = (attributes: readonly Buffer[], version: number | bigint = 0): Buffer =>
    sequence(
      sequence(integer(version), subjectDer, publicKeyDer, tlv(contextTag(0, true), ...attributes)),
      sequence(oid('1.2.840.10045.4.3.2')),
      bitString(Buffer.alloc(8)),
    );
  const requestExtensions = (...extensions: Buffer[]): Buffer =>
    sequence(oid(oids.extensionRequest), setOf(sequence(...extensions)));
  const sans = (...names: Buffer[]): Buffer => encodeExtension(oids.subjectAltName, sequence(...names));
  const malformed: Record<string, Buffer> = {
    'a version beyond every number': assemble([], 2n ** 64n),
    'two extension requests': assemble([requestExtensions(), requestExtensions()]),
    'an extension twice': assemble([requestExtensions(sans(), sans())]),
    'a DNS name that is not ASCII': assemble([requestExtensions(sans(tlv(contextTag(2, false), Buffer.from('ü'))))]),
    'an IP address of five bytes': assemble([requestExtensions(sans(tlv(contextTag(7, false), Buffer.alloc(5))))]),
    'a URI that is none': assemble([requestExtensions(sans(tlv(contextTag(6, false), Buffer.from('http://[x'))))]),
    'a URI whose host is no domain': assemble([
      requestExtensions(sans(tlv(contextTag(6, false), Buffer.from('a://b..c/')))),
    ]),
    'a name of unknown kind': assemble([requestExtensions(sans(octetString(Buffer.alloc(1))))]),
    'an empty attribute': assemble([sequence()]),
  };
  for (const [name, bytes] of Object.entries(malformed)) {
    it(`refuses ${name}`, () => {
      assert.throws(
        () => parseCertificateRequest(bytes),
        (error) => {
          assert.ok(isAppError(error) && ['ERR_CSR', 'ERR_DER'].includes(error.code), String(error));
          assert.match(error.message, /^csr: /);
          return true;
        },
      );
    });
  }

  it('passes over names of other kinds and attributes of no concern', () => {
    const other = tlv(contextTag(0, true), oid('1.2.3'), tlv(contextTag(0, true), octetString(Buffer.alloc(1))));
    const challenge = sequence(oid('1.2.840.113549.1.9.7'), setOf(octetString(Buffer.from('secret'))));
    const request = parseCertificateRequest(assemble([challenge, requestExtensions(sans(other))]));
    assert.deepEqual(request.sans, { dns: [], ip: [], email: [], uri: [] });
  });

  it('answers damaged bytes with a request or a coded error, and never verifies a changed one', () => {
    const sources = Object.values(openssl.accepted).map(der);
    fc.assert(
      fc.property(
        fc.constantFrom(...sources),
        fc.nat(),
        fc.uint8Array({ minLength: 1, maxLength: 4 }),
        (source, at, bytes) => {
          const damaged = Buffer.from(source);
          damaged.set(bytes, at % (damaged.length - bytes.length));
          try {
            assert.ok(damaged.equals(source) || !verifyCertificateRequest(parseCertificateRequest(damaged)));
          } catch (error) {
            assert.ok(isAppError(error) && error.kind === 'invalid', String(error));
          }
        },
      ),
      { numRuns: 2000 },
    );
  });

  it('answers any bytes with a coded error', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        assert.throws(() => parseCertificateRequest(bytes), { code: 'ERR_DER' });
      }),
    );
  });
});

describe('buildCertificateRequest', () => {
  for (const spec of keySpecs.filter((name) => !['RSA-3072', 'RSA-4096'].includes(name)) as KeySpec[]) {
    it(`makes what is read back and verified by us and @peculiar/x509: ${spec}`, async () => {
      const key = await generatePrivateKey(spec);
      const names = ['web.test', '10.0.0.1', '::1', 'a@web.test', 'spiffe://web.test/a'];
      const bytes = buildCertificateRequest({ commonName: 'wéb', sans: names, key });
      const request = parseCertificateRequest(bytes);
      assert.ok(verifyCertificateRequest(request) && isSamePublicKey(request.publicKey, key));
      assert.equal(request.commonName, 'wéb');
      assert.deepEqual(request.sans, {
        dns: ['web.test'],
        ip: ['10.0.0.1', '::1'],
        email: ['a@web.test'],
        uri: ['spiffe://web.test/a'],
      });
      const read = new peculiar.Pkcs10CertificateRequest(bytes);
      assert.ok(await read.verify());
      assert.equal(read.subject, 'CN=wéb');
    });
  }

  it('leaves the extension request out without names, and the subject empty without a common name', async () => {
    const request = parseCertificateRequest(
      buildCertificateRequest({ commonName: '', sans: [''], key: await generatePrivateKey() }),
    );
    assert.deepEqual([request.extensions, request.subjectDer], [[], encodeName({})]);
  });

  it('refuses a name that cannot be written', async () => {
    const key = await generatePrivateKey();
    assert.throws(() => buildCertificateRequest({ commonName: 'a', sans: ['bücher.test'], key }), { code: 'ERR_SAN' });
  });
});
