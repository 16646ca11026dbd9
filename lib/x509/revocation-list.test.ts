import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import 'reflect-metadata';
import * as peculiar from '@peculiar/x509';
import fc from 'fast-check';
import type { KeySpec } from '../crypto/index.ts';
import { encodePem } from '../encoding/index.ts';
import { createFakeAuthority, day, start } from './fake-authority.ts';
import { createRevocationListIssuer, oids, type RevocationListRequest } from './index.ts';

const authority = await createFakeAuthority();
const issuer = createRevocationListIssuer(authority.intermediate, authority.intermediateKey);

const request: RevocationListRequest = {
  number: 7,
  thisUpdate: start,
  nextUpdate: start + day,
  entries: [
    { serial: 1n, revokedAt: start, reasonCode: 0 },
    { serial: 2n ** 128n - 1n, revokedAt: start + 1000, reasonCode: 4 },
  ],
  distributionPoint: 'http://crl.test/1.0/crl',
};

describe('a revocation list', () => {
  const folder = mkdtempSync(join(tmpdir(), 'autocert-crl-'));
  after(() => rmSync(folder, { recursive: true }));

  for (const keySpec of ['EC-P256', 'EC-P384', 'EC-P521', 'RSA-2048', 'Ed25519'] satisfies KeySpec[]) {
    it(`is verified by openssl under an authority with a key of the kind ${keySpec}`, async () => {
      const { intermediate, intermediateKey } = await createFakeAuthority({ keySpec });
      const der = createRevocationListIssuer(intermediate, intermediateKey).issue(request);
      const [list, ca] = [join(folder, 'list.pem'), join(folder, 'ca.pem')];
      writeFileSync(list, encodePem('X509 CRL', der));
      writeFileSync(ca, encodePem('CERTIFICATE', intermediate.der));
      const args = ['crl', '-in', list, '-CAfile', ca, '-verify', '-noout', '-text'];
      const text = execFileSync('openssl', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
      assert.match(text, /CRL Number: *\n *7/);
      assert.match(text, /Issuing Distribution Point: critical\n *Full Name:\n *URI:http:\/\/crl\.test\/1\.0\/crl/);
      assert.match(text, /Serial Number: 01\n/);
      assert.match(text, /Superseded/);
    });
  }

  it('has the extensions of step-ca in its order, and no entries when there are none', () => {
    const list = new peculiar.X509Crl(issuer.issue({ ...request, entries: [] }));
    assert.deepEqual(
      list.extensions.map(({ type, critical }) => [type, critical]),
      [
        [oids.authorityKeyIdentifier, false],
        [oids.crlNumber, false],
        [oids.issuingDistributionPoint, true],
      ],
    );
    assert.equal(list.entries.length, 0);
  });

  it('is read back by another library as it was written', () => {
    const entry = fc.record({
      serial: fc.bigInt({ min: 1n, max: 2n ** 159n }),
      revokedAt: fc.integer({ min: 0, max: 2 ** 31 }).map((seconds) => seconds * 1000),
      reasonCode: fc.constantFrom(0, 1, 2, 3, 4, 5, 6, 8, 9, 10),
    });
    fc.assert(
      fc.property(fc.array(entry, { maxLength: 20 }), (entries) => {
        const read = new peculiar.X509Crl(issuer.issue({ ...request, entries })).entries;
        assert.deepEqual(
          read.map(({ serialNumber, revocationDate, reason }) => [
            BigInt(`0x${serialNumber}`),
            revocationDate.getTime(),
            reason ?? 0,
          ]),
          entries.map(({ serial, revokedAt, reasonCode }) => [serial, revokedAt, reasonCode]),
        );
      }),
    );
  });

  it('holds more entries than a call has room for arguments', () => {
    const entries = Array.from({ length: 300_000 }, (_, index) => ({
      serial: 2n ** 127n + BigInt(index),
      revokedAt: start,
      reasonCode: 0,
    }));
    const der = issuer.issue({ ...request, entries });
    assert.ok(der.length > 300_000 * 35);
  });

  it('is not signed by a certificate that may not sign lists', async () => {
    const leaf = await authority.leaf();
    assert.throws(() => createRevocationListIssuer(leaf, authority.intermediateKey), { code: 'ERR_ISSUER' });
  });

  it('is not signed by the key of somebody else', () => {
    assert.throws(() => createRevocationListIssuer(authority.intermediate, authority.rootKey), { code: 'ERR_ISSUER' });
  });
});
