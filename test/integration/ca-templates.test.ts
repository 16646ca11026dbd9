/**
 * Certificate templates: the real step-ca and ours, one after the other on the same files with the same keys, make the
 * same certificate of each.
 */
import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import type { CaJson, CaProcess } from '../peers/certificate-authority.ts';
import { leafOf, sign, useCa } from './ca-fixture.ts';
import type { JsonAnswer } from './ca-requests.ts';

const base64 = (text: string): string => Buffer.from(text).toString('base64');

/** What a template renders, by name. */
const described: Readonly<Record<string, unknown>> = {
  nothing: {},
  'a subject alone': { subject: 'web' },
  'a whole subject': {
    subject: {
      country: 'CH',
      organization: ['One', 'Two'],
      organizationalUnit: 'Ünit',
      locality: 'Bern',
      province: 'BE',
      streetAddress: 'Street 1',
      postalCode: '3000',
      serialNumber: '17',
      commonName: 'web & co',
      extraNames: [
        { type: '1.2.840.113549.1.9.1', value: 'a@b.test' },
        { type: '0.9.2342.19200300.100.1.25', value: 'example' },
        { type: '2.5.4.3', value: 'other' },
      ],
    },
  },
  'a raw subject': { rawSubject: 'MA4xDDAKBgNVBAMTA3Jhdw==', subject: 'ignored' },
  'names of the four kinds': {
    sans: [
      { type: 'uri', value: 'https://a.test/x y' },
      { type: 'dns', value: 'A.test' },
      { type: 'ip', value: '10.0.0.1' },
      { type: 'email', value: 'a@b.test' },
      { type: 'auto', value: '::1' },
      { value: 'guessed.test' },
      { type: 'ip', value: 'none' },
      { type: 'dns', value: '' },
    ],
    dnsNames: 'first.test',
    emailAddresses: ['c@d.test'],
    ipAddresses: '10.0.0.2',
    uris: ['spiffe://x/y'],
  },
  'names of every kind': {
    subject: 'web',
    dnsNames: ['first.test'],
    sans: [
      { type: 'dns', value: 'UPPER.test' },
      { type: 'auto', value: '10.0.0.1' },
      { type: 'email', value: 'a@b.test' },
      { type: 'uri', value: 'https://a.test' },
      { type: 'registeredID', value: '1.2.3.4' },
      { type: 'permanentIdentifier', value: '123' },
      { type: 'permanentIdentifier', asn1Value: { identifier: 'abc', assigner: '1.2.3' } },
      { type: 'hardwareModuleName', asn1Value: { type: '1.2.3.4', serialNumber: 'MTIz' } },
      { type: 'dn', value: '{"commonName":"x","organization":"y"}' },
      { type: 'userPrincipalName', value: 'jäne@b.test' },
      { type: '1.2.3.4', value: 'printable' },
      { type: '1.2.3.4', value: 'utf8:bär' },
      { type: '1.2.3.4', value: 'int:-129' },
      { type: '1.2.3.4', value: 'oid:2.5.29.1' },
      { type: '1.2.3.4', value: 'bool:true' },
      { type: '1.2.3.4', value: 'ia5:a@b' },
      { type: '1.2.3.4', value: 'numeric:12 3' },
      { type: '1.2.3.4', value: 'utc:2026-01-02T03:04:05Z' },
      { type: '1.2.3.4', value: 'generalized:2026-01-02 03:04:05 +0000 UTC' },
      { type: '1.2.3.4', value: `raw:${base64('\x04\x01a')}` },
    ],
  },
  'names of another kind and no subject': { sans: [{ type: 'registeredID', value: '1.2.3.4' }] },
  'every usage': {
    keyUsage: [
      ...['digital_signature', 'nonRepudiation', 'KeyEncipherment', 'dataEncipherment', 'keyAgreement', 'certSign'],
      ...['crlSign', 'encipherOnly', 'decipherOnly'],
    ],
    extKeyUsage: ['server_auth', 'clientAuth', 'any', 'codeSigning', 'emailProtection', 'timeStamping', 'OCSPSigning'],
    unknownExtKeyUsage: ['1.2.3.4', '2.999.3'],
  },
  'a single usage': { keyUsage: 'digitalSignature', extKeyUsage: 'ipsecEndSystem' },
  'an authority': {
    subject: 'Sub CA',
    keyUsage: ['certSign', 'crlSign'],
    basicConstraints: { isCA: true, maxPathLen: 0 },
    nameConstraints: {
      critical: true,
      permittedDNSDomains: ['.local', 'example.test'],
      excludedDNSDomains: 'bad.local',
      permittedIPRanges: ['10.1.2.3/8', 'fd00::/8'],
      excludedEmailAddresses: ['evil.test'],
      permittedURIDomains: '.uri.test',
    },
  },
  'an authority without a limit': { subject: 'CA', basicConstraints: { isCA: true, maxPathLen: -1 } },
  'no authority': { basicConstraints: { isCA: false, maxPathLen: 7 } },
  'places to ask': {
    ocspServer: ['http://ocsp.test', 'http://ocsp2.test'],
    issuingCertificateURL: 'http://ca.test/ca.crt',
    crlDistributionPoints: ['http://crl.test/1', 'http://crl.test/2'],
    policyIdentifiers: ['1.2.3.4.5', '2.5.29.32.0'],
  },
  'key identifiers': { subjectKeyId: base64('my key'), authorityKeyId: base64('ignored') },
  'extensions of its own': {
    extensions: [
      { id: '1.2.3.4', value: base64('\x05\x00') },
      { id: '2.5.29.15', critical: false, value: base64('\x03\x02\x07\x80') },
      { id: '1.2.3.5', critical: true, value: base64('\x0c\x02hi') },
    ],
    keyUsage: ['certSign'],
  },
  'names as an extension': {
    extensions: [{ id: '2.5.29.17', critical: true, value: base64('0\x08\x82\x06a.test') }],
    dnsNames: ['not.test'],
  },
  'a provisioner of another': { extensions: [{ id: '1.3.6.1.4.1.37476.9000.64.1', value: base64('0\x00') }] },
  'a serial number': { serialNumber: '0x1234567890abcdef1234567890' },
  'a serial number that is a number': { serialNumber: 4711 },
  'its own life': { notBefore: '2026-11-23T00:00:00Z' },
  'members in another case': { SUBJECT: { CommonName: 'web' }, KeyUsage: ['certSign'], unknown: 1, sans: null },
};

/** Texts that are no description of a certificate, or of none that can be. */
const broken: Readonly<Record<string, string>> = {
  'no JSON': '{"subject": ',
  'a number': '{"subject": 7}',
  'an unknown usage': '{"keyUsage": ["flying"]}',
  'an unknown extended usage': '{"extKeyUsage": ["flying"]}',
  'a bad address': '{"ipAddresses": ["10.0.0"]}',
  'an identifier that is none': '{"extensions": [{"id": "x", "value": ""}]}',
  'bytes that are not base64': '{"extensions": [{"id": "1.2.3", "value": "###"}]}',
  'a bad range': '{"nameConstraints": {"permittedIPRanges": ["10.0.0.0/99"]}}',
  'an unknown kind of name': '{"sans": [{"type": "fax", "value": "1"}]}',
  'a directory name that is empty': '{"sans": [{"type": "dn", "value": "{}"}]}',
  'an algorithm of another key': '{"signatureAlgorithm": "SHA256-RSA"}',
  'nulls in lists': '{"dnsNames": [null, "a.test"], "extKeyUsage": null, "uris": null}',
  'an address that is null': '{"ipAddresses": [null]}',
  'nulls in objects': '{"subject": {"commonName": null, "country": null}, "notAfter": null, "basicConstraints": null}',
  'a name that is null': '{"sans": [null, {"type": "dns", "value": "a.test"}]}',
  'an extension that is null': '{"extensions": [null]}',
  'a serial number of spaces': '{"serialNumber": " 1"}',
  'names on their way': '{"uris": ["https://a.test/%41", "urn:x"], "dnsNames": [""], "emailAddresses": [""]}',
  'a member twice': '{"subject": "one", "Subject": {"organization": "two"}}',
  'an empty subject': '{"subject": "", "dnsNames": "a.test"}',
  'an authority that says no length': '{"subject": "web", "basicConstraints": {"isCA": true}}',
  'no constraints': '{"nameConstraints": {}, "keyUsage": [], "extKeyUsage": []}',
  'empty names': '{"dnsNames": [""], "emailAddresses": ""}',
  'a serial number of zero': '{"serialNumber": "0"}',
  'a negative serial number': '{"serialNumber": "-5"}',
  'a serial number with a fraction': '{"serialNumber": 1.5}',
  'an empty serial number': '{"serialNumber": ""}',
  'an extension without a value': '{"extensions": [{"id": "1.2.3", "value": null}]}',
  'an extension without an identifier': '{"extensions": [{"value": "BQA="}]}',
  'a URI that is none': '{"uris": ["https://a.test/%zz"]}',
  'an algorithm in small letters': '{"signatureAlgorithm": "ecdsa-sha256"}',
  'the algorithm of the key': '{"signatureAlgorithm": "ECDSA-SHA256"}',
  'an algorithm nobody knows': '{"signatureAlgorithm": "SHA0"}',
  'a usage that is a number': '{"keyUsage": [1]}',
  'a subject that is a list': '{"subject": []}',
  'a time without a zone': '{"notAfter": "2030-01-01T00:00:00"}',
  'a number that is too large': '{"version": 1e400}',
  'an end before the start': '{"notBefore": "2030-01-02T00:00:00Z", "notAfter": "2030-01-01T00:00:00Z"}',
  'a list in place of all': '[]',
  'null in place of all': 'null',
  'a comma too many': '{"subject": "web",}',
  'an action that is not closed': '{"subject": {{ toJson .Subject }',
  'an unknown function': '{"subject": {{ env "HOME" }}}',
  'a field that is not there': '{"subject": {{ toJson .Subject.Nothing }}}',
  'a failure in words': '{{ fail "not <on> a \\"Sunday\\"" }}',
  'a failure without words': '{{ fail "" }}',
  'a failure from the data': '{{ fail .Subject.CommonName }}',
  'nothing rendered': '{{ if false }}{}{{ end }}',
  'an extension twice': '{"extensions": [{"id":"1.2.3","value":"BQA="},{"id":"1.2.3","value":"BQA="}]}',
};

/** What a certificate says, but for what is drawn or told by the clock. */
function describeLeaf(answer: JsonAnswer): unknown {
  if (answer.status !== 201) return [answer.status, answer.body.message];
  const { subjectDer, extensions, serial, notAfter, notBefore, signatureAlgorithm } = leafOf(answer);
  return {
    subject: subjectDer.toString('hex'),
    extensions: extensions.map(({ oid, der }) => `${oid} ${der.toString('hex')}`),
    serial: serial.toString(16).length > 27 ? 'drawn' : serial,
    life: notAfter - notBefore,
    algorithm: signatureAlgorithm?.name,
  };
}

describe('certificate templates', () => {
  const [real, ours] = [useCa('step-ca'), useCa()];

  it('make the same certificates as with the real step-ca', async () => {
    const templates = [
      ...Object.entries(described).map(([name, json]) => [name, { template: JSON.stringify(json) }] as const),
      ...Object.entries(broken).map(([name, template]) => [`broken: ${name}`, { template }] as const),
      ['in base64', { template: base64('{"subject":"b64"} and so on') }] as const,
      ['in a file', { templateFile: 'templates/leaf.tpl' }] as const,
      ['in a file that is not there', { templateFile: 'templates/none.tpl' }] as const,
      ['neither JSON nor base64', { template: 'x-y' }] as const,
      ['of spaces', { template: '  ' }] as const,
      ['with data that is no object', { templateData: ['x'] }] as const,
      ['with data that is null', { templateData: null }] as const,
      ['with names in the data', { templateData: { Subject: { commonName: 'data' }, SANs: [] } }] as const,
      ['both', { template: '{"subject":"inline"}', templateFile: 'templates/leaf.tpl' }] as const,
    ];
    const files = ours.files;
    await mkdir(join(files.folder, 'templates'), { recursive: true });
    await writeFile(join(files.folder, 'templates/leaf.tpl'), '  {"subject": {"commonName": "from a file"}}\n');
    const change = (config: CaJson): void => {
      const [admin] = config.authority.provisioners;
      assert.ok(admin);
      config.authority.template = { country: 'DE', organization: 'Default' };
      config.authority.provisioners = templates.map(([name, x509]) => ({ ...admin, name, options: { x509 } }));
    };
    const results = async ({ port }: CaProcess): Promise<Map<string, unknown>> => {
      const found = new Map<string, unknown>();
      for (const [name] of templates) {
        const ott = ours.bench.token({ iss: name });
        found.set(name, describeLeaf(await sign(port, ours.bench, { ott })));
      }
      return found;
    };
    const process = await ours.start(change);
    const got = await results(process);
    await process.kill();
    const peer = await real.restart(ours.files);
    const wanted = await results(peer);
    await peer.kill();
    const differing = templates
      .map(([name]) => name)
      .filter((name) => !isDeepStrictEqual(got.get(name), wanted.get(name)));
    const only = (all: Map<string, unknown>): unknown[] => differing.map((name) => [name, all.get(name)]);
    assert.deepEqual(only(got), only(wanted));
  });
});
