import assert from 'node:assert/strict';
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { octetString, sequence, Tag, tlv } from '../../lib/encoding/index.ts';
import { buildCertificateRequest, oids, parseCertificateRequest } from '../../lib/x509/index.ts';
import { keyNumbers, keySummary, withoutLeadingZeros } from './algorithms.ts';
import { decodeExtension } from './extensions.ts';
import { requestJson } from './json.ts';
import { renderRequestShort } from './short.ts';
import { renderRequestText } from './text.ts';
import { viewRequest } from './view.ts';

// What certificates look like is compared with the real step in test/integration/cli-inspect.test.ts.

/** A key whose X begins with a zero byte: one in two on this curve. */
function keyWithLeadingZero(): { publicKey: KeyObject; privateKey: KeyObject } {
  for (;;) {
    const pair = generateKeyPairSync('ec', { namedCurve: 'P-521' });
    if (pair.publicKey.export({ format: 'jwk' }).x?.startsWith('AA')) return pair;
  }
}

describe('renderRequestText', () => {
  it('prints a coordinate as a number, without leading zeros', () => {
    const { publicKey, privateKey } = keyWithLeadingZero();
    const request = parseCertificateRequest(buildCertificateRequest({ commonName: 'a', sans: ['a'], key: privateKey }));
    const numbers = keyNumbers(publicKey, request.publicKeyDer);
    assert.ok(numbers.type === 'ec' && numbers.x[0] === 0);
    const first = withoutLeadingZeros(numbers.x).subarray(0, 2).toString('hex').replace(/^../, '$&:');
    assert.match(renderRequestText(viewRequest(request)), new RegExp(`X:\\n {20}${first}:`));
  });

  it('shows a request without any name', () => {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const view = viewRequest(
      parseCertificateRequest(buildCertificateRequest({ commonName: '', sans: [], key: privateKey })),
    );
    assert.match(renderRequestText(view), /^ {8}Subject:\n/m);
    assert.equal(renderRequestShort(view), 'X.509v3 Certificate Signing Request (ECDSA P-256)\n  Subject: \n');
    assert.equal(requestJson(view).DNSNames, null);
  });
});

describe('keySummary', () => {
  it('names type and size', () => {
    assert.equal(keySummary(generateKeyPairSync('ed25519').publicKey), 'Ed25519 256');
    assert.equal(keySummary(generateKeyPairSync('ec', { namedCurve: 'P-384' }).publicKey), 'ECDSA P-384');
  });
});

describe('decodeExtension', () => {
  const decode = (oid: string, value: Buffer) => decodeExtension({ oid, critical: false, value });

  it('finds the other names that a SAN may hold', () => {
    const inner = tlv(Tag.utf8String, Buffer.from('me@ad'));
    const otherName = tlv(0xa0, Buffer.from('060a2b060104018237140203', 'hex'), tlv(0xa0, inner));
    const content = decode(oids.subjectAltName, sequence(otherName));
    assert.deepEqual(content, {
      kind: 'subject-alt-name',
      otherNames: [{ oid: '1.3.6.1.4.1.311.20.2.3', value: inner }],
    });
  });

  it('leaves raw what it does not know or cannot read', () => {
    assert.deepEqual(decode('1.2.3', octetString(Buffer.from('x'))), { kind: 'unknown' });
    assert.deepEqual(decode(oids.basicConstraints, Buffer.from('broken')), { kind: 'unknown' });
  });

  it('never fails, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.constantFrom(...Object.values(oids)), fc.uint8Array({ maxLength: 40 }), (oid, bytes) => {
        assert.equal(typeof decode(oid, Buffer.from(bytes)).kind, 'string');
      }),
    );
  });
});
