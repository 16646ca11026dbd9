import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { encodePrivateKeyPem } from '../crypto/index.ts';
import { createFakeIssuer, newKey } from './fake-issuer.ts';
import { type CertificateSet, checkCertificateSet, type SetRequirements } from './index.ts';

const hour = 3_600_000;
const now = Date.UTC(2026, 5, 1);
const issuer = createFakeIssuer(now);
const other = createFakeIssuer(now);
const wanted: SetRequirements = { commonName: 'web', sans: ['web'], rootFingerprint: issuer.rootFingerprint };
const aged = (left: number): CertificateSet =>
  issuer.issueSet({ notBefore: now + (left - 3) * hour, notAfter: now + left * hour });

describe('checkCertificateSet', () => {
  const ages: [string, number, string][] = [
    ['most of its life left', 2.5, 'fresh'],
    ['a little over a third left', 1.001, 'fresh'],
    ['a third left', 1, 'ageing'],
    ['a second left', 1 / 3600, 'ageing'],
    ['no life left', 0, 'expired'],
    ['been dead for long', -1000, 'expired'],
    ['its life still before it (clock set back)', 5, 'fresh'],
  ];
  for (const [name, left, kind] of ages) {
    it(`with ${name} is ${kind}`, () => assert.equal(checkCertificateSet(aged(left), wanted, now).kind, kind));
  }

  const good = aged(2);
  const rows: [string, CertificateSet, Partial<SetRequirements>, RegExp][] = [
    ['a key of another set', { ...good, keyPem: encodePrivateKeyPem(newKey()) }, {}, /key is not that of/],
    ['a key that is cut off', { ...good, keyPem: good.keyPem.slice(0, 90) }, {}, /./],
    ['a chain that is cut off', { ...good, chainPem: good.chainPem.slice(0, 300) }, {}, /no certificate/],
    ['no intermediate', { ...good, chainPem: good.chainPem.replace(/(?<=END CERTIFICATE-----\n).*/s, '') }, {}, /root/],
    ['a root of another CA', { ...good, rootPem: other.rootPem }, {}, /expected fingerprint/],
    ['a root that was not pinned', good, { rootFingerprint: other.rootFingerprint }, /expected fingerprint/],
    ['a leaf of another CA', { ...good, rootPem: other.rootPem }, { rootFingerprint: undefined }, /trusted root/],
    ['another common name', good, { commonName: 'db' }, /is for "web", not for "db"/],
    ['a name too few', good, { sans: ['web', '10.0.0.1'] }, /lacks the name "10.0.0.1"/],
    ['empty files', { rootPem: '', chainPem: '', keyPem: '' }, {}, /no certificate/],
  ];
  for (const [name, set, change, problem] of rows) {
    it(`with ${name} is unusable`, () => {
      const check = checkCertificateSet(set, { ...wanted, ...change }, now);
      assert.equal(check.kind, 'unusable');
      assert.match(check.kind === 'unusable' ? check.problem : '', problem);
    });
  }

  it('may have more names and more roots than asked for', () => {
    const sans = ['web', 'WEB.shop.svc', '10.0.0.1', 'spiffe://x/web'];
    const set = issuer.issueSet({ sans, notBefore: now - hour, notAfter: now + 3 * hour });
    const more = { ...set, rootPem: other.rootPem + set.rootPem };
    assert.equal(checkCertificateSet(more, { ...wanted, sans: ['web.shop.svc', '10.0.0.1'] }, now).kind, 'fresh');
  });

  it('takes any common name when the certificate has none', () => {
    const set = issuer.issueSet({ commonName: '', notBefore: now - hour, notAfter: now + 3 * hour });
    assert.equal(checkCertificateSet(set, wanted, now).kind, 'fresh');
  });

  it('never shows the key', () => {
    const check = checkCertificateSet({ ...good, keyPem: `${good.keyPem.slice(0, 100)}\n` }, wanted, now);
    assert.ok(!JSON.stringify(check).includes(good.keyPem.split('\n')[1]?.slice(0, 20) ?? ''));
  });
});
