import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { publicKeyDer } from '../../lib/crypto/index.ts';
import { createFakeAuthority, day, start } from '../../lib/x509/fake-authority.ts';
import { type Certificate, createLeafIssuer, parseCertificate, verifyChain } from '../../lib/x509/index.ts';
import { makeNextIntermediate, makeNextRoot } from './certificates.ts';
import { longestLifeMs } from './longest-life.ts';
import { backdateMs, decidePhase, requirePhase } from './phase.ts';

const life = 3 * day;
const first = await createFakeAuthority({ name: 'Example' });
const second = await makeNextRoot(first.root, first.rootKey, start + 10 * day);
const switchedAt = start + 20 * day;
const { intermediate, key } = await makeNextIntermediate(first.intermediate, second.root, second.key, switchedAt);

const phase = (chain: [Certificate, ...Certificate[]], roots: Certificate[], now = switchedAt) =>
  decidePhase({ chain, roots, longestLifeMs: life }, now);

describe('the phase of a rollover', () => {
  it('is settled with one root', () =>
    assert.deepEqual(phase([first.intermediate], [first.root]), { kind: 'settled', root: first.root }));

  it('is prepared with a newer root beside, in either order, until every certificate has been renewed', () => {
    const expected = { kind: 'prepared', root: first.root, next: second.root, switchFrom: start + 10 * day + life };
    assert.deepEqual(phase([first.intermediate], [first.root, second.root]), expected);
    assert.deepEqual(phase([first.intermediate], [second.root, first.root]), expected);
  });

  it('is switched when the newer root issues, until every certificate of the old one has ended', () =>
    assert.deepEqual(phase([intermediate, second.crossSigned], [second.root, first.root]), {
      kind: 'switched',
      root: second.root,
      old: [first.root],
      removeFrom: switchedAt + life,
    }));

  it('leaves roots with other names alone', async () => {
    const other = await createFakeAuthority({ name: 'Other' });
    assert.equal(phase([first.intermediate], [first.root, other.root]).kind, 'settled');
  });

  it('is found for an issuing certificate that has ended, so that it can be replaced', () =>
    assert.equal(phase([first.intermediate], [first.root], start + 4000 * day).kind, 'settled'));

  it('is refused for an issuing certificate of none of the roots', () =>
    assert.throws(() => phase([first.intermediate], [second.root]), { code: 'ERR_CHAIN_UNTRUSTED' }));

  it('tells which step comes instead of one that does not', () => {
    const settled = phase([first.intermediate], [first.root]);
    assert.equal(requirePhase(settled, 'settled'), settled);
    assert.throws(() => requirePhase(settled, 'switched'), { code: 'ERR_ROLLOVER_PHASE', hint: /rollover add-root$/ });
  });
});

describe('the next generation', () => {
  it('has the names of the one before', () => {
    assert.deepEqual(second.root.subjectDer, first.root.subjectDer);
    assert.deepEqual(intermediate.subjectDer, first.intermediate.subjectDer);
    assert.equal(intermediate.notBefore, switchedAt - backdateMs);
  });

  it('leads those who know the old root alone to it, by the cross-signed root', async () => {
    const leaf = parseCertificate(
      createLeafIssuer(intermediate, key).issue({
        subject: { commonName: 'web' },
        sans: ['web'],
        publicKeyDer: publicKeyDer(second.key),
        notBefore: switchedAt,
        notAfter: switchedAt + day,
      }),
    );
    assert.equal(verifyChain(leaf, [intermediate], [second.root], switchedAt).length, 3);
    assert.equal(verifyChain(leaf, [intermediate, second.crossSigned], [first.root], switchedAt).length, 4);
    assert.throws(() => verifyChain(leaf, [intermediate], [first.root], switchedAt), { code: 'ERR_CHAIN_UNTRUSTED' });
  });

  it('ends no later than what signed it', async () => {
    assert.equal(second.crossSigned.notAfter, first.root.notAfter);
    const late = await makeNextIntermediate(first.intermediate, second.root, second.key, second.root.notAfter - day);
    assert.equal(late.intermediate.notAfter, second.root.notAfter);
  });
});

describe('longestLifeMs', () => {
  const hour = 3_600_000;
  const jwk = (claims: unknown) => ({ type: 'JWK', name: 'a', claims });
  const rows: [string, Parameters<typeof longestLifeMs>[0], number][] = [
    ['is a day unless configured', { claims: {}, provisioners: [jwk(undefined)] }, 24 * hour],
    ['is the maximum of the authority', { claims: { maxTLSCertDuration: hour }, provisioners: [] }, hour],
    [
      'is that of the provisioner with the longest',
      { claims: { maxTLSCertDuration: hour }, provisioners: [jwk({ maxTLSCertDuration: '48h' }), jwk({})] },
      48 * hour,
    ],
    [
      'follows a default beyond the maximum',
      { claims: {}, provisioners: [jwk({ defaultTLSCertDuration: '30h' })] },
      30 * hour,
    ],
    ['passes over claims that cannot be read', { claims: {}, provisioners: [jwk('none')] }, 24 * hour],
  ];
  for (const [name, config, want] of rows) it(name, () => assert.equal(longestLifeMs(config), want));
});
