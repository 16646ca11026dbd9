import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import fc from 'fast-check';
import { generatePrivateKey, publicKeyDer } from '../../../lib/crypto/index.ts';
import { isAppError } from '../../../lib/errors/index.ts';
import { encodeLeaf } from '../templates/leaf-template.ts';
import { type CertificateTemplate, parseCertificateJson } from './parse.ts';
import { encodeExplicitValue, encodeTypedValue, ValueProblem } from './typed-value.ts';

let key: Buffer;
before(async () => {
  key = publicKeyDer(await generatePrivateKey());
});

/** Undefined for what is refused as it should be. */
function parse(text: string): CertificateTemplate | undefined {
  try {
    return parseCertificateJson(text);
  } catch (error) {
    assert.ok(error instanceof ValueProblem, String(error));
    return undefined;
  }
}

const text = fc.oneof(
  fc.constantFrom(
    '',
    'web.test',
    '10.0.0.1',
    'a@b',
    'https://a.test/',
    '1.2.3.4',
    'raw:BQA=',
    'MTIz',
    '{}',
    '10.0.0.0/8',
  ),
  fc.string({ unit: 'binary' }),
);
const texts = fc.oneof(text, fc.array(text, { maxLength: 3 }), fc.constant(null));
const anything = fc.oneof({ weight: 4, arbitrary: texts }, fc.jsonValue());
const name = fc.record(
  { commonName: anything, organization: anything, extraNames: fc.array(fc.record({ type: text, value: anything })) },
  { requiredKeys: [] },
);
const san = fc.record(
  {
    type: fc.oneof(
      fc.constantFrom('dns', 'ip', 'uri', 'auto', 'dn', 'registeredID', 'permanentIdentifier', 'hardwareModuleName'),
      text,
    ),
    value: text,
    asn1Value: fc.jsonValue(),
  },
  { requiredKeys: ['value'] },
);
const description = fc.record(
  {
    subject: fc.oneof(name, anything),
    rawSubject: anything,
    serialNumber: anything,
    dnsNames: texts,
    ipAddresses: texts,
    uris: texts,
    sans: fc.oneof(fc.array(san, { maxLength: 4 }), anything),
    extensions: fc.oneof(fc.array(fc.record({ id: text, critical: fc.boolean(), value: text })), anything),
    keyUsage: fc.oneof(fc.constantFrom('certSign', 'digital_signature'), anything),
    extKeyUsage: fc.oneof(fc.constantFrom('serverAuth'), anything),
    unknownExtKeyUsage: texts,
    policyIdentifiers: texts,
    crlDistributionPoints: texts,
    basicConstraints: fc.oneof(fc.record({ isCA: fc.boolean(), maxPathLen: fc.integer() }), anything),
    nameConstraints: fc.record({ permittedIPRanges: texts, excludedDNSDomains: texts }, { requiredKeys: [] }),
    notBefore: anything,
  },
  { requiredKeys: [] },
);

describe('parseCertificateJson', () => {
  it('reads or refuses any text', () => {
    fc.assert(fc.property(fc.oneof(fc.string(), fc.json()), (given) => void parse(given)));
  });

  it('reads or refuses any description, and what it reads is written or refused', () => {
    fc.assert(
      fc.property(description, (given) => {
        const parsed = parse(JSON.stringify(given));
        if (!parsed) return;
        try {
          const parts = { publicKeyDer: key, authorityKeyId: undefined, provisioner: undefined, defaults: {} };
          encodeLeaf(parsed.certificate, parts);
        } catch (error) {
          assert.ok(isAppError(error) && error.code === 'ERR_TEMPLATE_CERTIFICATE', String(error));
        }
      }),
    );
  });

  it('names the member that is wrong', () => {
    const wrong: [string, RegExp][] = [
      ['{"subject":{"extraNames":[{"type":"x"}]}}', /^subject: extraNames: "x" is not an object identifier$/],
      ['{"keyUsage":["sign"]}', /^keyUsage: unsupported keyUsage "sign"$/],
      ['{"sans":[{"type":1}]}', /^sans: type: not a text$/],
      ['[]', /^certificate is not an object$/],
    ];
    for (const [given, message] of wrong) assert.throws(() => parseCertificateJson(given), { message });
  });
});

describe('typed values', () => {
  const values: [string, string][] = [
    ['abc', '1303616263'],
    ['utf8:ä', '0c02c3a4'],
    ['int:-129', '0202ff7f'],
    ['oid:1.2.3', '06022a03'],
    ['bool:true', '0101ff'],
    ['raw:BQA=', '0500'],
    ['utc:2026-01-02T03:04:05Z', '170d3236303130323033303430355a'],
  ];
  for (const [given, hex] of values) {
    it(`write ${given}`, () => {
      assert.equal(encodeTypedValue(given).toString('hex'), hex);
      const wrapped = given.startsWith('raw:') ? hex : `a0${(hex.length / 2).toString(16).padStart(2, '0')}${hex}`;
      assert.equal(encodeExplicitValue(given).toString('hex'), wrapped);
    });
  }

  for (const given of [
    'ä',
    'int:1.5',
    'oid:x',
    'bool:yes',
    'raw:#',
    'utc:now',
    'utc:2100-01-01T00:00:00Z',
    'numeric:a',
  ]) {
    it(`refuse ${given}`, () => assert.throws(() => encodeTypedValue(given), ValueProblem));
  }
});
