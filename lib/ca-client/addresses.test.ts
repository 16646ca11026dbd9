import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseCaUrl, parseFingerprint } from './index.ts';

describe('parseCaUrl', () => {
  const rows: [string, string][] = [
    ['https://ca.step.svc.cluster.local', 'https://ca.step.svc.cluster.local/'],
    ['https://127.0.0.1:9000/some/path?x=1', 'https://127.0.0.1:9000/'],
    ['ca.example:8443', 'https://ca.example:8443/'],
    [' https://[::1]:9000 ', 'https://[::1]:9000/'],
  ];
  for (const [text, want] of rows) it(`reads "${text}"`, () => assert.equal(parseCaUrl(text).href, want));

  for (const text of [
    '',
    'http://ca.example',
    'https://',
    'https://user:hunter2@ca.example',
    'ftp://x',
    'https://a b',
  ]) {
    it(`refuses "${text}"`, () => assert.throws(() => parseCaUrl(text), { code: 'ERR_CA_URL', kind: 'invalid' }));
  }
  it('does not repeat a password', () =>
    assert.throws(
      () => parseCaUrl('https://user:hunter2@ca.example'),
      (error: Error) => !error.message.includes('hunter2'),
    ));
});

describe('parseFingerprint', () => {
  const hex = 'ab'.repeat(32);
  it('takes upper case, colons, dashes and a line feed', () => {
    assert.equal(parseFingerprint(`${hex.toUpperCase()}\n`), hex);
    assert.equal(parseFingerprint(hex.match(/../g)?.join(':') ?? ''), hex);
    assert.equal(parseFingerprint(hex.match(/.{8}/g)?.join('-') ?? ''), hex);
  });
  for (const text of ['', 'ab', `${hex}00`, 'g'.repeat(64), '../../health']) {
    it(`refuses "${text.slice(0, 20)}"`, () =>
      assert.throws(() => parseFingerprint(text), { code: 'ERR_FINGERPRINT_FORMAT', kind: 'invalid' }));
  }
});
