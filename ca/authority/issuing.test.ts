import assert from 'node:assert/strict';
import type { KeyObject } from 'node:crypto';
import { before, describe, it } from 'node:test';
import { generatePrivateKey, type KeySpec } from '../../lib/crypto/index.ts';
import {
  buildCertificateRequest,
  buildRootCertificate,
  type Certificate,
  type CertificateRequest,
  parseCertificate,
  parseCertificateRequest,
} from '../../lib/x509/index.ts';
import { builtInClaims } from './claims.ts';
import { Issuing, type Leaf } from './issuing.ts';
import type { VerifiedToken } from './one-time-token.ts';

const hour = 3_600_000;
const now = Date.UTC(2026, 10, 23, 5, 28, 45, 678);

let rootKey: KeyObject;
let root: Certificate;
const requests = new Map<string, CertificateRequest>();
const requestOf = (spec: string): CertificateRequest => requests.get(spec) ?? assert.fail(spec);

before(async () => {
  rootKey = await generatePrivateKey();
  const times = { notBefore: now - hour, notAfter: now + 48 * hour };
  root = parseCertificate(buildRootCertificate({ subject: { commonName: 'Root' }, ...times, key: rootKey }));
  for (const spec of ['EC-P256', 'EC-P384', 'RSA-2048', 'Ed25519'] satisfies KeySpec[]) {
    const key = await generatePrivateKey(spec);
    requests.set(spec, parseCertificateRequest(buildCertificateRequest({ commonName: '', sans: [], key })));
  }
});

const issuing = (): Issuing =>
  new Issuing([root], rootKey, {
    dnsNames: ['ca'],
    template: { organization: 'Example' },
    backdateMs: 60_000,
    policy: undefined,
  });

/** As far as issuing looks at it. */
const tokenFor = (subject: string, sans: readonly string[]): VerifiedToken =>
  ({ subject, sans, provisioner: { name: 'admin', state: { kid: 'kid' } } }) as unknown as VerifiedToken;

/** What is said of the certificate, and what is in it. */
function expectTrue({ certificate }: Leaf): Certificate {
  const { der, ...said } = certificate;
  const read = parseCertificate(der);
  const { serial, commonName, sans, notBefore, notAfter, publicKeyInfo } = read;
  assert.deepEqual(said, { serial, commonName, sans, notBefore, notAfter, publicKeyInfo });
  return read;
}

describe('what is said of an issued certificate is what is in it', () => {
  const names = ['web.test', '10.0.0.1', '::ffff:10.0.0.2', '2001:DB8:0::1', 'a@web.test', 'spiffe://web.test/a', ''];
  for (const spec of ['EC-P256', 'EC-P384', 'RSA-2048', 'Ed25519']) {
    it(`after issue, renewal and rekey: ${spec}`, () => {
      const ca = issuing();
      const first = expectTrue(
        ca.sign(ca.prepare(tokenFor('wéb', names), { csr: requestOf(spec) }, builtInClaims, now)),
      );
      const renewed = expectTrue(ca.reissue(first, undefined, now + 1234));
      assert.deepEqual(renewed.publicKeyDer, first.publicKeyDer);
      const rekeyed = expectTrue(ca.reissue(renewed, requestOf('EC-P256'), now + 5678));
      assert.deepEqual(rekeyed.publicKeyDer, requestOf('EC-P256').publicKeyDer);
      assert.equal(new Set([first, renewed, rekeyed].map(({ serial }) => serial)).size, 3);
    });
  }

  it('also when its end is moved to that of its issuer', () => {
    const wanted = { kind: 'duration', ms: 24 * hour } as const;
    const late = now + 30 * hour;
    const ca = issuing();
    const request = { csr: requestOf('EC-P256'), notAfter: wanted };
    const leaf = ca.sign(ca.prepare(tokenFor('web', ['web']), request, builtInClaims, late));
    assert.equal(expectTrue(leaf).notAfter, root.notAfter);
    assert.ok(leaf.clipped);
  });
});
