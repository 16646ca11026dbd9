/**
 * Certificate templates of provisioners: what they see, what becomes of what they render, and what a client reads when
 * nothing does. One provisioner for each template, all with the key of the first.
 */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { KeySpec } from '../../../lib/crypto/index.ts';
import { leafOf, sign } from '../../integration/ca-fixture.ts';
import type { JsonAnswer } from '../../integration/ca-requests.ts';
import type { CaJson } from '../../peers/certificate-authority.ts';
import { type OneCa, onOneCa } from './one-ca.ts';
import { richNames, richRequest } from './rich-request.ts';

type X509 = { readonly template?: string; readonly templateFile?: string; readonly templateData?: unknown };

/** Adds a provisioner for each of the options, named by its position. */
const withTemplates = (all: readonly X509[]) => (config: CaJson) => {
  const [first] = config.authority.provisioners;
  assert.ok(first);
  for (const [index, x509] of all.entries()) {
    config.authority.provisioners.push({ ...first, name: `t${index}`, options: { x509 } });
  }
};

type Request = { readonly claims?: Record<string, unknown>; readonly members?: Record<string, unknown> };

const signBy = (ca: OneCa, index: number, { claims, members }: Request = {}): Promise<JsonAnswer> =>
  sign(ca.port, ca.bench, { ott: ca.bench.token({ iss: `t${index}`, ...claims }), ...members });

/** A template that renders one expression as the common name. */
const show = (expression: string): X509 => ({
  template: `{"subject": {"commonName": {{ print (${expression}) | toJson }} } }`,
});

const names = ['web.test', '10.0.0.1', 'a@web.test', 'https://web.test/x?y=1'];
const claims = { sans: names, user: { team: 'blue', n: 7 }, nothing: null };
const templateData = { role: 'admin', list: [1, 'two', null], html: '<&>' };

const seen: readonly [what: string, expression: string, wanted: string][] = [
  ['the subject', '.Subject.CommonName', 'web.test'],
  ['the subject in JSON', 'toJson .Subject', '{"commonName":"web.test"}'],
  ['a name by its type', 'toJson (index .SANs 1)', '{"type":"ip","value":"10.0.0.1"}'],
  ['a member of a name', '(index .SANs 3).Value', 'https://web.test/x?y=1'],
  ['how many names', 'len .SANs', '4'],
  [
    'names as Go prints them',
    '.SANs',
    '[{dns web.test []} {ip 10.0.0.1 []} {email a@web.test []} {uri https://web.test/x?y=1 []}]',
  ],
  ['a claim', '.Token.aud', 'https://localhost/1.0/sign'],
  ['a claim within a claim', '.Token.user.team', 'blue'],
  ['a number of a claim', 'printf "%v %T" .Token.user.n .Token.user.n', '7 float64'],
  ['a claim that is null', 'toJson .Token.nothing', 'null'],
  ['a claim that is absent', 'toJson .Token.absent.at.all', 'null'],
  ['the request’s common name', '.Insecure.CR.Subject.CommonName', 'web.test'],
  ['the request’s DNS names', 'toJson .Insecure.CR.DNSNames', '["web.test"]'],
  ['names of the request joined', 'join "," .Insecure.CR.DNSNames', 'web.test'],
  ['a claim in capitals', '.Token.user.team | upper', 'BLUE'],
  ['a part of a name', '.Subject.CommonName | trimSuffix ".test"', 'web'],
  ['whether a name ends so', 'hasSuffix ".test" .Subject.CommonName', 'true'],
  ['a name that matches', 'regexMatch "^[a-z]+\\\\.test$" .Subject.CommonName', 'true'],
  ['parts of a name', 'splitList "." .Subject.CommonName | last', 'test'],
  ['a value with a default', '.Token.absent | default "none" | quote', '"none"'],
  ['a number of a claim as text', '.Token.user.n | toString', '7'],
  ['no names of a kind', 'toJson .Insecure.CR.EmailAddresses', 'null'],
  ['the kind of key', 'typeOf .Insecure.CR.PublicKey', '*ecdsa.PublicKey'],
  ['the size of the curve', '.Insecure.CR.PublicKey.Curve.Params.BitSize', '256'],
  ['the name of the curve', '.Insecure.CR.PublicKey.Params.Name', 'P-256'],
  ['the algorithm of the key', '.Insecure.CR.PublicKeyAlgorithm', 'ECDSA'],
  ['extensions of the request', '(index .Insecure.CR.Extensions 0).Critical', 'false'],
  ['what a client says', '.Insecure.User.role', 'admin'],
  [
    'what a client says, in JSON',
    'toJson .Insecure.User',
    '{"html":"\\u003c\\u0026\\u003e","list":[1,"two",null],"role":"admin"}',
  ],
  ['whether a client says it', 'hasKey .Insecure "User"', 'true'],
  ['no certificate of authorization', 'toJson .AuthorizationCrt', 'null'],
  ['no webhooks', 'toJson .Webhooks', 'null'],
];

onOneCa(
  'what templates see',
  (ca) => {
    for (const [index, [what, , wanted]] of seen.entries()) {
      it(what, async () => {
        const answer = await signBy(ca, index, { claims, members: { templateData } });
        assert.equal(answer.status, 201, String(answer.body.message));
        assert.equal(leafOf(answer).commonName, wanted);
      });
    }
  },
  withTemplates(seen.map(([, expression]) => show(expression))),
);

/** Of a request with everything in it. */
const asked: readonly (readonly [expression: string, wanted: string])[] = [
  ['.Insecure.CR.Version', '0'],
  ['.Insecure.CR.Subject.Country', '[CH DE]'],
  ['index .Insecure.CR.Subject.Organization 0', 'Ünit & Co'],
  ['.Insecure.CR.Subject.SerialNumber', '17'],
  ['.Insecure.CR.Subject.ExtraNames', '[{[0 9 2342 19200300 100 1 25] example}]'],
  ['toJson .Insecure.CR.Subject.ExtraNames', '[{"type":"0.9.2342.19200300.100.1.25","value":"example"}]'],
  ['.Insecure.CR.DNSNames', '[web.test]'],
  ['.Insecure.CR.IPAddresses', '[10.0.0.1]'],
  ['index .Insecure.CR.IPAddresses 0', '10.0.0.1'],
  ['toJson .Insecure.CR.IPAddresses', '["10.0.0.1"]'],
  ['.Insecure.CR.EmailAddresses', '[a@web.test]'],
  ['.Insecure.CR.URIs', '[https://web.test:8443/x?y=1#z]'],
  ['toJson .Insecure.CR.URIs', '["https://web.test:8443/x?y=1#z"]'],
  ['(index .Insecure.CR.URIs 0).Host', 'web.test:8443'],
  ['(index .Insecure.CR.URIs 0).Hostname', 'web.test'],
  ['(index .Insecure.CR.URIs 0).Port', '8443'],
  ['(index .Insecure.CR.URIs 0).Path', '/x'],
  ['(index .Insecure.CR.URIs 0).RawQuery', 'y=1'],
  ['(index .Insecure.CR.URIs 0).Fragment', 'z'],
  ['.Insecure.CR.SANs', '[]'],
  ['.Insecure.CR.KeyUsage', '17'],
  ['toJson .Insecure.CR.KeyUsage', '["digitalSignature","keyAgreement"]'],
  ['.Insecure.CR.ExtKeyUsage', '[serverAuth timeStamping]'],
  ['toJson .Insecure.CR.ExtKeyUsage', '["serverAuth","timeStamping"]'],
  ['.Insecure.CR.UnknownExtKeyUsage', '[1.2.3.4]'],
  ['toJson .Insecure.CR.UnknownExtKeyUsage', '["1.2.3.4"]'],
  ['.Insecure.CR.BasicConstraints.MaxPathLen', '3'],
  ['toJson .Insecure.CR.BasicConstraints', '{"isCA":true,"maxPathLen":3}'],
  ['.Insecure.CR.SignatureAlgorithm', '0'],
  ['toJson .Insecure.CR.SignatureAlgorithm', '""'],
  ['len .Insecure.CR.Signature | gt 60', 'false'],
  ['.Insecure.CR.ChallengePassword', ''],
  ['kindOf .Insecure.CR', 'ptr'],
  ['typeOf .Insecure.CR', '*x509util.CertificateRequest'],
  ['typeOf .Insecure', 'x509util.TemplateData'],
  ['typeOf .Subject', 'x509util.Subject'],
  ['typeOf .SANs', '[]x509util.SubjectAlternativeName'],
  ['typeOf .Token', 'map[string]interface {}'],
  ['typeOf .Insecure.CR.DNSNames', 'x509util.MultiString'],
  ['.Insecure.CR.PublicKey.Curve.Params.Name', 'P-256'],
  ['index .Insecure.CR.IPAddresses 0 | toString', '10.0.0.1'],
  ['index .Insecure.CR.URIs 0 | toString', 'https://web.test:8443/x?y=1#z'],
  ['toStrings .Insecure.CR.ExtKeyUsage | join " "', 'serverAuth timeStamping'],
  ['has "web.test" .Insecure.CR.DNSNames', 'true'],
  ['get .Insecure "User" | toJson', '""'],
];

onOneCa(
  'what templates see of a request',
  (ca) => {
    it('is what step-ca shows of it', async () => {
      const csr = await richRequest(ca.files, await ca.bench.keyOf('EC-P256'));
      const got: string[] = [];
      for (const index of asked.keys()) {
        const answer = await signBy(ca, index, { claims: { sans: richNames }, members: { csr } });
        got.push(answer.status === 201 ? leafOf(answer).commonName : String(answer.body.message));
      }
      assert.deepEqual(
        asked.map(([expression], index) => [expression, got[index]]),
        asked,
      );
    });
  },
  withTemplates(asked.map(([expression]) => show(expression))),
);

const ofKeys: readonly (readonly [spec: KeySpec, expression: string, wanted: string | RegExp])[] = [
  ['RSA-2048', 'typeOf .Insecure.CR.PublicKey', '*rsa.PublicKey'],
  ['RSA-2048', '.Insecure.CR.PublicKey.Size', '256'],
  ['RSA-2048', '.Insecure.CR.PublicKey.E', '65537'],
  ['RSA-2048', '.Insecure.CR.PublicKey.N', /^\d{616,617}$/],
  ['RSA-2048', 'le .Insecure.CR.PublicKey.Size 255', 'false'],
  ['RSA-2048', '.Insecure.CR.PublicKeyAlgorithm', 'RSA'],
  ['EC-P384', '.Insecure.CR.PublicKey.Params.BitSize', '384'],
  ['EC-P384', '.Insecure.CR.PublicKey.X', /^\d{100,116}$/],
  ['EC-P384', 'typeIsLike "ecdsa.PublicKey" .Insecure.CR.PublicKey', 'true'],
  ['EC-P384', 'eq (print .Insecure.CR.PublicKeyAlgorithm) "ECDSA"', 'true'],
  ['Ed25519', 'typeOf .Insecure.CR.PublicKey', 'ed25519.PublicKey'],
  ['Ed25519', 'len .Insecure.CR.PublicKey', '32'],
  ['Ed25519', '.Insecure.CR.PublicKeyAlgorithm', 'Ed25519'],
];

onOneCa(
  'what templates see of a key',
  (ca) => {
    for (const [index, [spec, expression, wanted]] of ofKeys.entries()) {
      it(`${spec}: ${expression}`, async () => {
        const csr = ca.bench.csr({ key: await ca.bench.keyOf(spec) });
        const answer = await signBy(ca, index, { members: { csr } });
        assert.equal(answer.status, 201, String(answer.body.message));
        const { commonName } = leafOf(answer);
        if (typeof wanted === 'string') assert.equal(commonName, wanted);
        else assert.match(commonName, wanted);
      });
    }
  },
  withTemplates(ofKeys.map(([, expression]) => show(expression))),
);
