import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { findLifetimes } from './lifetimes.ts';

describe('findLifetimes', () => {
  const claims = { minTLSCertDuration: '5m0s', maxTLSCertDuration: '24h0m0s' };
  const lifetimes = { minMs: 300_000, maxMs: 86_400_000 };
  const ours = { type: 'JWK', name: 'autocert', key: { kid: 'a' }, claims };
  const rows: readonly (readonly [name: string, provisioners: unknown, found: object | undefined])[] = [
    [
      'those of our provisioner',
      [{ type: 'ACME', name: 'autocert' }, { ...ours, name: 'admin', claims: {} }, ours],
      lifetimes,
    ],
    ['nothing where it sets none', [{ ...ours, claims: undefined }], undefined],
    [
      'nothing where it sets one end alone, as the webhook',
      [{ ...ours, claims: { minTLSCertDuration: '5m' } }],
      undefined,
    ],
    ['nothing where it is not there', [], undefined],
    ['nothing in an answer of something else', undefined, undefined],
  ];
  for (const [name, provisioners, found] of rows) {
    it(`finds ${name}`, () =>
      assert.deepEqual(findLifetimes({ provisioners }, { provisionerName: 'autocert' }), found));
  }
  it('minds the key id where the webhook names one', () => {
    const second = { ...ours, key: { kid: 'b' }, claims: { ...claims, maxTLSCertDuration: '1h' } };
    const found = findLifetimes({ provisioners: [ours, second] }, { provisionerName: 'autocert', provisionerKid: 'b' });
    assert.equal(found?.maxMs, 3_600_000);
  });
});
