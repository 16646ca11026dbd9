import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { audienceFragment, buildAudiences, matchesAudience } from './audiences.ts';

describe('audiences', () => {
  const { sign, revoke, renew } = buildAudiences(['ca.test', '10.0.0.1', '::1', '[::2]']);

  const accepted = [
    'https://ca.test/sign',
    'https://ca.test/1.0/sign',
    'https://ca.test:9000/1.0/ssh/sign',
    'https://10.0.0.1:1/sign',
    'https://[::1]/sign',
    'https://[::1]:443/1.0/sign',
    'https://[::2]:443/1.0/sign',
    'HTTPS://ca.test/sign',
    'https://ca.test:/sign',
    'https://ca.test/sign#',
    'step-certificate-authority',
  ];
  for (const audience of accepted) {
    it(`takes ${audience} for signing`, () => assert.equal(matchesAudience(['x', audience], sign), true));
  }

  const refused = [
    '',
    'https://ca.test',
    'https://ca.test/sign/',
    'https://CA.test/sign',
    'https://ca.test/sign?',
    'https://ca.test/sign#x',
    'https://ca.test:x/sign',
    'https://user@ca.test/sign',
    'https://ca.test/revoke',
    'https://ca.test/renew',
    'http://ca.test/sign',
    '/1.0/sign',
    'https://::1/sign',
    'https://ca.test.evil/sign',
  ];
  for (const audience of refused) {
    it(`refuses ${JSON.stringify(audience)} for signing`, () => assert.equal(matchesAudience([audience], sign), false));
  }

  it('refuses a token without an audience', () => assert.equal(matchesAudience([], sign), false));
  it('keeps the operations apart', () => {
    assert.equal(matchesAudience(['https://ca.test/1.0/revoke'], revoke), true);
    assert.equal(matchesAudience(['https://ca.test/1.0/renew'], renew), true);
    assert.equal(matchesAudience(['step-certificate-authority'], renew), false);
  });
  it('finds the first fragment that is not empty', () => {
    assert.equal(audienceFragment(['https://a/', 'https://a/#', 'https://a/#x5c/one', '#two']), 'x5c/one');
    assert.equal(audienceFragment(['https://a/']), '');
  });

  it('takes addresses of proxies, with their paths, and with a port where one is given', () => {
    const { sign: behindProxy } = buildAudiences(['ca.test'], ['https://proxy.test/ca', 'https://other.test:8443']);
    const isTaken = (audience: string): boolean => matchesAudience([audience], behindProxy);
    assert.ok(isTaken('https://proxy.test/ca/1.0/sign'));
    assert.ok(isTaken('https://proxy.test:9000/ca/sign'));
    assert.ok(isTaken('https://other.test:8443/1.0/sign'));
    assert.ok(isTaken('https://ca.test/1.0/sign'));
    assert.ok(!isTaken('https://proxy.test/1.0/sign'));
    assert.ok(!isTaken('https://other.test/1.0/sign'));
  });
});
