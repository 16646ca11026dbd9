import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { builtInClaims, type ConfiguredClaims, resolveClaims } from './claims.ts';

const hour = 3_600_000;

describe('resolveClaims', () => {
  it('inherits what is not set', () => assert.deepEqual(resolveClaims({}, builtInClaims, 'x'), builtInClaims));

  it('lets a false of the provisioner undo a true of the authority', () => {
    const authority = resolveClaims({ disableRenewal: true }, builtInClaims, 'authority');
    assert.equal(resolveClaims({}, authority, 'x').disableRenewal, true);
    assert.equal(resolveClaims({ disableRenewal: false }, authority, 'x').disableRenewal, false);
  });

  it('moves an inherited bound to a default beyond it', () => {
    const long = resolveClaims({ defaultTLSCertDuration: 48 * hour }, builtInClaims, 'x');
    assert.deepEqual([long.minMs, long.defaultMs, long.maxMs], [builtInClaims.minMs, 48 * hour, 48 * hour]);
    const short = resolveClaims({ defaultTLSCertDuration: 60_000 }, builtInClaims, 'x');
    assert.deepEqual([short.minMs, short.defaultMs, short.maxMs], [60_000, 60_000, builtInClaims.maxMs]);
  });

  const contradictions: [string, ConfiguredClaims][] = [
    ['a minimum of zero', { minTLSCertDuration: 0 }],
    ['a default of zero', { defaultTLSCertDuration: 0 }],
    ['a negative maximum', { maxTLSCertDuration: -1 }],
    ['a maximum below the minimum', { maxTLSCertDuration: 60_000 }],
    ['a minimum above the default', { minTLSCertDuration: 2 * hour, defaultTLSCertDuration: hour }],
    ['a maximum below the default', { maxTLSCertDuration: hour, defaultTLSCertDuration: 2 * hour }],
    ['a maximum below the inherited default', { maxTLSCertDuration: hour }],
  ];
  for (const [name, claims] of contradictions) {
    it(`refuses ${name}`, () =>
      assert.throws(() => resolveClaims(claims, builtInClaims, 'provisioner x'), {
        code: 'ERR_CA_CLAIMS',
        message: /^claims of provisioner x: /,
      }));
  }
});
