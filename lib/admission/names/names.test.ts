import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { AppError } from '../../errors/index.ts';
import { findSyntaxProblem, isOfOtherNamespace, type NamePolicy, validateNames } from './index.ts';

const label63 = 'a'.repeat(63);

describe('findSyntaxProblem', () => {
  const good: string[] = [
    'web',
    'web.default.svc.cluster.local',
    'WEB.Example.COM',
    '_sip.example.com',
    'xn--mnchen-3ya.example',
    `${label63}.example.com`,
    '*.example.com',
    '*.default.svc',
    '1.example.com',
    '10.0.0.7',
    '2001:db8::1',
    '::ffff:10.0.0.7',
    'jane.doe+tag@example.com',
    'spiffe://cluster.local/ns/apps/sa/default',
    'https://[2001:db8::1]:8443/path',
    'urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6',
  ];
  for (const name of good) it(`takes ${name}`, () => assert.equal(findSyntaxProblem(name), undefined));

  const bad: [name: string, value: string, rule: RegExp][] = [
    ['nothing', '', /not empty/],
    ['a blank', 'Bad Name!', /blanks/],
    ['a blank at the end', 'web ', /blanks/],
    ['a line break', 'web\n', /blanks/],
    ['a no-break space', 'web\u00a0', /blanks/],
    ['a control character', 'we\u0000b', /blanks/],
    ['an international name', 'münchen.example', /ASCII/],
    ['letters that only look Latin', 'wеb.example', /ASCII/],
    ['an emoji', '😀.example', /ASCII/],
    ['a dot at the end', 'web.default.svc.', /end in a dot/],
    ['a dot at the start', '.default.svc', /empty label/],
    ['two dots', 'web..svc', /empty label/],
    ['a hyphen at the start of a label', '-web.svc', /hyphen/],
    ['a hyphen at the end of a label', 'web-.svc', /hyphen/],
    ['other characters', 'web!.svc', /letters, digits/],
    ['a slash', 'web/svc', /letters, digits/],
    ['a label of 64 characters', `${label63}a.svc`, /63/],
    ['254 characters', `${'a.'.repeat(126)}ab`, /253/],
    ['a wildcard alone', '*', /wildcard/],
    ['a wildcard inside', 'web.*.svc', /wildcard/],
    ['half a wildcard', 'w*.svc', /wildcard/],
    ['two wildcards', '*.*.svc', /wildcard/],
    ['a wildcard of nothing', '*.', /end in a dot/],
    ['a number as the last label', 'web.5', /not a number/],
    ['a number', '12', /not a number/],
    ['an octet too large', '256.1.1.1', /IP address/],
    ['too few octets', '10.1', /IP address/],
    ['leading zeros', '010.0.0.1', /IP address/],
    ['an address with a mask', '10.0.0.0/8', /IP address/],
    ['an address with a port', '10.0.0.1:443', /IP address/],
    ['an address with a zone', 'fe80::1%eth0', /IP address/],
    ['an address in brackets', '[::1]', /IP address/],
    ['two runs of zeros', '1::2::3', /IP address/],
    ['a port', 'localhost:8080', /port/],
    ['an email address without a domain', 'jane@', /email/],
    ['an email address without a local part', '@example.com', /email/],
    ['two @', 'a@b@c', /email/],
    ['a wildcard email address', 'jane@*.example.com', /email/],
    ['a long email address', `${'a'.repeat(250)}@b.example`, /254/],
    ['a URI without a host', 'spiffe:///ns/a', /host/],
    ['a URI with a wildcard', 'https://*.example.com/', /host/],
    ['a URI of 2 KiB', `https://a.example/${'a'.repeat(2048)}`, /2048/],
  ];
  for (const [name, value, rule] of bad) {
    it(`refuses ${name}`, () => assert.match(findSyntaxProblem(value)?.rule ?? 'no problem', rule));
  }

  it('survives any text', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (text) => void findSyntaxProblem(text)));
  });
  it('answers at once however long the text', () => {
    for (const part of ['a.', 'a-', '*.', 'a@', '1.', '::', 'a:', '%41']) findSyntaxProblem(part.repeat(100_000));
  });
});

describe('isOfOtherNamespace', () => {
  const rows: [value: string, other: boolean][] = [
    // upstream's rule
    ['web.default.svc', false],
    ['web.default.svc.cluster.local', false],
    ['a.b.default.svc', false],
    ['web.other.svc', true],
    ['web.other.svc.cluster.local', true],
    ['web.notdefault.svc', true],
    ['default.svc', true],
    ['www.google.com', false],
    ['web', false],
    ['web.other', false],
    ['web.other.svc.example.org', false],
    ['.web.other.svc.', true],
    // and what slipped through it
    ['WEB.Other.SVC', true],
    ['web.DEFAULT.svc', false],
    ['web.other.svc.cluster.local.', true],
    ['*.other.svc', true],
    ['*.svc', true],
    ['*.svc.cluster.local', true],
    ['*.default.svc', false],
    ['jane@web.other.svc', true],
    ['jane@default.svc', true],
    ['jane@web.default.svc', false],
    ['https://web.other.svc/path', true],
    ['https://user@web.other.svc:8443/path', true],
    ['https://web.default.svc/path/web.other.svc', false],
    ['web.other.svc:8443', true],
    ['dns:web.other.svc', true],
    ['mailto:jane@web.other.svc', true],
    ['spiffe://cluster.local/ns/default/sa/web', false],
    ['spiffe://cluster.local/ns/other/sa/web', true],
    ['spiffe://cluster.local/ns/other/sa/ns/default', true],
    ['spiffe://cluster.local/%6Es/other/sa/web', true],
    ['SPIFFE://cluster.local/NS/other/sa/web', true],
    ['spiffe://cluster.local/workload', false],
    ['10.0.0.7', false],
    ['2001:db8::1', false],
  ];
  for (const [value, other] of rows) {
    it(`${other ? 'refuses' : 'lets pass'} ${value}`, () =>
      assert.equal(isOfOtherNamespace(value, 'default', 'cluster.local'), other));
  }
  it('knows the cluster domain that is configured', () => {
    assert.ok(isOfOtherNamespace('web.other.svc.k8s.example', 'default', 'K8S.example.'));
    assert.ok(!isOfOtherNamespace('web.other.svc.cluster.local', 'default', 'k8s.example'));
  });
  it('does not depend on case or on dots at the ends', () => {
    const part = fc.constantFrom('web', 'default', 'other', 'svc', 'cluster.local', '*', 'example.org');
    fc.assert(
      fc.property(fc.array(part, { minLength: 1, maxLength: 5 }), fc.array(fc.boolean()), (parts, upper) => {
        const name = parts.join('.');
        const spelt = Array.from(name, (c, at) => (upper[at] ? c.toUpperCase() : c)).join('');
        const want = isOfOtherNamespace(name, 'default', 'cluster.local');
        assert.equal(isOfOtherNamespace(`..${spelt}.`, 'default', 'cluster.local'), want);
      }),
    );
  });
});

describe('validateNames', () => {
  const strict: NamePolicy = { restrictCertificatesToNamespace: true, clusterDomain: '' };
  const subject = { annotation: 'autocert.step.sm/name', value: 'web.default.svc' };
  const sans = (value: string) => ({ annotation: 'autocert.step.sm/sans', value });

  it('looks at every SAN, and names annotation, value, rule and remedy', () => {
    assert.throws(
      () => validateNames([subject, sans('web.other.svc')], 'default', strict),
      (error: unknown) => {
        assert.ok(error instanceof AppError);
        assert.deepEqual([error.code, error.kind], ['ERR_NAME_FORBIDDEN', 'forbidden']);
        assert.match(error.message, /annotation autocert\.step\.sm\/sans: "web\.other\.svc" .*other than "default"/);
        assert.match(
          error.hint ?? '',
          /\.default\.svc\.cluster\.local, or set restrictCertificatesToNamespace to false/,
        );
        return true;
      },
    );
  });
  it('lets names of other namespaces pass where they are not restricted', () =>
    validateNames([subject, sans('web.other.svc')], 'default', { ...strict, restrictCertificatesToNamespace: false }));
  it('refuses what is no name in either case, and shows it escaped and cut', () => {
    assert.throws(() => validateNames([subject, sans(`\u001b[2J${'x'.repeat(500)}`)], 'default', strict), {
      code: 'ERR_NAME_INVALID',
      message: /"\\u001b\[2Jx{76}…" is not a valid name: a name has no blanks and no control characters$/,
    });
  });
});
