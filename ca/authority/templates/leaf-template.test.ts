/** What a template costs and survives: it is parsed once, and no data of a client brings the process down. */
import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import fc from 'fast-check';
import { generatePrivateKey } from '../../../lib/crypto/index.ts';
import { isAppError } from '../../../lib/errors/index.ts';
import { systemClock } from '../../../lib/time/index.ts';
import { buildCertificateRequest, type CertificateRequest, parseCertificateRequest } from '../../../lib/x509/index.ts';
import { createTemplateLanguage } from './language.ts';
import { encodeLeaf, type LeafTemplate, readTemplateOptions } from './leaf-template.ts';
import { TemplateData } from './template-data.ts';

const requests: CertificateRequest[] = [];
before(async () => {
  for (const spec of ['EC-P256', 'RSA-2048', 'Ed25519'] as const) {
    const key = await generatePrivateKey(spec);
    requests.push(parseCertificateRequest(buildCertificateRequest({ commonName: 'web', sans: ['web'], key })));
  }
});

const language = createTemplateLanguage(systemClock);

function read(template: string, by = language): LeafTemplate {
  const read = readTemplateOptions({ template }, { files: new Map(), language: by }).template;
  assert.ok(read);
  return read;
}

function render(template: LeafTemplate, user: unknown, csr = requests[0] ?? assert.fail()) {
  const data = new TemplateData({ subject: 'web', sans: ['web'], claims: { sub: 'web' }, fixed: {} });
  data.setUser(user);
  return template.render(data, csr).certificate;
}

/** Each of them touches what the client says in another way. */
const curious = [
  '{"subject": {{ toJson .Insecure.User }}}',
  '{"subject": {"commonName": {{ toJson .Insecure.User.a }}}, "dnsNames": {{ toJson .Insecure.User.b }}}',
  '{"subject": "{{ .Insecure.User.a }}"}',
  '{"sans": [{{ range $key, $value := .Insecure.User }}{"value": {{ print $key $value | toJson }}},{{ end }}{}]}',
  '{"keyUsage": {{ .Insecure.User.a | default list | toJson }}, "extensions": {{ .Insecure.User.b | toPrettyJson }}}',
  '{{ with .Insecure.User }}{{ printf "%v %q %d %x" .a .b .c . }}{{ end }}',
  '{{ index .Insecure.User.a .Insecure.User.b }}',
  '{{ fail (print .Insecure.User) }}',
  '{{ $all := merge .Insecure.User (dict "a" 1) }}{{ toJson $all }}',
  '{{ asn1Enc (print "int:" .Insecure.User.a) }}{{ formatTime .Insecure.User.b }}',
];

const allowed = new Set(['ERR_TEMPLATE_FAIL', 'ERR_TEMPLATE_DATA', 'ERR_TEMPLATE_STOPPED', 'ERR_TEMPLATE_RESULT']);

function survives(template: LeafTemplate, user: unknown, csrs: readonly CertificateRequest[] = requests): void {
  for (const csr of csrs) {
    try {
      render(template, user, csr);
    } catch (error) {
      assert.ok(isAppError(error), `${error instanceof Error ? error.stack : error}`);
      assert.ok(allowed.has(error.code), error.code);
    }
  }
}

describe('a certificate template', () => {
  const templates = curious.map((text) => read(text));

  it('ends with a certificate or an error of its own, whatever a client says', () =>
    fc.assert(
      fc.property(
        fc.constantFrom(...templates),
        fc.oneof(
          fc.dictionary(fc.constantFrom('a', 'b', 'c', '__proto__', 'constructor'), fc.jsonValue({ maxDepth: 4 })),
          fc.jsonValue(),
        ),
        (template, user) => survives(template, user),
      ),
      { numRuns: 500 },
    ));

  const hostile: [what: string, user: () => unknown][] = [
    ['a thousand levels', () => JSON.parse(`${'{"a":'.repeat(900)}1${'}'.repeat(900)}`)],
    ['ten thousand levels', () => JSON.parse(`${'{"a":'.repeat(9999)}1${'}'.repeat(9999)}`)],
    ['ten thousand lists', () => ({ a: JSON.parse(`${'['.repeat(9999)}${']'.repeat(9999)}`) })],
    ['long texts', () => ({ a: '"<&\u2028'.repeat(80_000), b: 'x'.repeat(500_000) })], // as much as a body may have
    ['half a surrogate pair', () => ({ a: '\ud800', b: ['\udfff'] })],
    ['a list of a hundred thousand', () => ({ a: Array.from({ length: 100_000 }, (_, index) => index), b: 1e300 })],
    ['a hundred thousand members', () => Object.fromEntries(Array.from({ length: 100_000 }, (_, i) => [`k${i}`, i]))],
  ];
  for (const [what, user] of hostile) {
    it(`survives ${what}`, () => {
      const given = user();
      for (const template of templates) survives(template, given, requests.slice(0, 1));
    });
  }

  it('is parsed when it is read and not again', () => {
    let parsed = 0;
    const counting = {
      ...language,
      parse(text: string) {
        parsed++;
        return language.parse(text);
      },
    };
    const template = read('{"subject": {{ toJson .Insecure.User.role }}}', counting);
    for (const role of ['a', 'b']) assert.deepEqual(render(template, { role }).subject, { commonName: role });
    assert.equal(parsed, 1);
  });

  it('without actions is read once', () => {
    const template = read('{"subject": "fixed"} and so on');
    const data = new TemplateData({ subject: 'web', sans: [], claims: {}, fixed: {} });
    const csr = requests[0] ?? assert.fail();
    const first = template.render(data, csr);
    assert.deepEqual(first.certificate.subject, { commonName: 'fixed' });
    assert.equal(template.render(data, csr), first);
    const broken = read('{"subject": 7}');
    for (const _ of [1, 2]) assert.throws(() => broken.render(data, csr), { code: 'ERR_TEMPLATE_RESULT' });
  });

  it('changes nothing for the next request', () => {
    const fixed = { list: { a: 1 } };
    const { template } = readTemplateOptions(
      { template: '{{ $_ := set .list "b" 2 }}{"subject": {{ toJson .list | toJson }}}', templateData: fixed },
      { files: new Map(), language },
    );
    for (const _ of [1, 2]) {
      const data = new TemplateData({ subject: 'web', sans: [], claims: {}, fixed });
      const { certificate } = template?.render(data, requests[0] ?? assert.fail()) ?? assert.fail();
      assert.equal(certificate.subject.commonName, '{"a":1,"b":2}');
    }
    assert.deepEqual(fixed, { list: { a: 1 } });
  });

  it('is not needed for a leaf without one, whatever its data but names', () => {
    const sources = { files: new Map<string, string>(), language };
    assert.equal(readTemplateOptions(undefined, sources).template, undefined);
    assert.equal(readTemplateOptions({ templateData: { a: 1 } }, sources).template, undefined);
    assert.notEqual(readTemplateOptions({ templateData: { SANs: [] } }, sources).template, undefined);
  });

  const names = ['subject', 'sans', 'extensions', 'keyUsage', 'extKeyUsage', 'basicConstraints', 'nameConstraints'];
  const members = [
    'rawSubject',
    'serialNumber',
    'ipAddresses',
    'uris',
    'policyIdentifiers',
    'notAfter',
    'subjectKeyId',
  ];
  const words = [
    '2.5.29.17',
    '1.2.3',
    'dns',
    'dn',
    'ip',
    'raw:',
    'int:1',
    'BQA=',
    '::1',
    '10.0.0.0/8',
    'certSign',
    '-1',
  ];
  const value = fc.letrec((tie) => ({
    any: fc.oneof(
      { maxDepth: 3 },
      fc.constantFrom(...words),
      fc.jsonValue({ maxDepth: 1 }),
      tie('list'),
      tie('object'),
    ),
    list: fc.array(tie('any'), { maxLength: 3 }),
    object: fc.dictionary(
      fc.constantFrom(
        'type',
        'value',
        'asn1Value',
        'id',
        'critical',
        'commonName',
        'extraNames',
        'isCA',
        'maxPathLen',
        'permittedIPRanges',
      ),
      tie('any'),
    ),
  }));

  it('that renders any JSON ends with a certificate or an error of its own', () =>
    fc.assert(
      fc.property(fc.dictionary(fc.constantFrom(...names, ...members), value.any), (described) => {
        const csr = requests[0] ?? assert.fail();
        try {
          const certificate = render(read(JSON.stringify(described).replaceAll(/\{(?=\{)/g, '{ ')), {});
          const parts = {
            publicKeyDer: csr.publicKeyDer,
            authorityKeyId: undefined,
            provisioner: undefined,
            defaults: {},
          };
          assert.ok(encodeLeaf(certificate, parts).subjectDer.length > 0);
        } catch (error) {
          assert.ok(isAppError(error), `${error instanceof Error ? error.stack : error}`);
          assert.ok(['ERR_TEMPLATE_RESULT', 'ERR_TEMPLATE_CERTIFICATE'].includes(error.code), error.code);
        }
      }),
      { numRuns: 2000 },
    ));

  it('says in the log which line is wrong, and to nobody else', () => {
    const problems: [text: string, problem: RegExp][] = [
      ['{\n{{ if }}}', /^options\.x509\.template: template: template:2: missing value for if$/],
      [
        '{\n"subject": {{ .Subject.x.y }}}',
        /^options\.x509\.template: template: template:2:22: executing "template" at <\.Subject\.x\.y>: can't evaluate/,
      ],
    ];
    for (const [text, problem] of problems) {
      assert.throws(
        () => render(read(text), {}),
        (error) =>
          isAppError(error, 'ERR_TEMPLATE_STOPPED') &&
          error.kind === 'internal' &&
          problem.test(String(error.context?.problem)),
      );
    }
  });
});
