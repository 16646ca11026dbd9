import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { CertificateEntry } from './ports.ts';
import { renderTable, stateOf, toJson } from './render.ts';
import { parseSerialNumber } from './serial-number.ts';

const entry = (more: Partial<CertificateEntry> = {}): CertificateEntry => ({
  serial: '12',
  subject: 'web',
  names: ['web', 'www.example'],
  notBefore: 0,
  notAfter: 1000,
  provisioner: { id: 'admin:kid', name: 'admin', type: 'JWK' },
  renews: undefined,
  revoked: undefined,
  ...more,
});

describe('the table of certificates', () => {
  it('lines up, and counts names that do not fit', () => {
    const many = entry({ names: ['a', 'b', 'c', 'd', 'e'], provisioner: undefined, serial: '7' });
    assert.equal(
      renderTable([entry(), many], 2000),
      [
        'NAMES            STATE    ENDS                  PROVISIONER  SERIAL NUMBER',
        'web www.example  expired  1970-01-01T00:00:01Z  admin        12',
        'a b c +2         expired  1970-01-01T00:00:01Z  -            7',
        '',
      ].join('\n'),
    );
  });

  it('shows what a terminal would obey as text', () => {
    const table = renderTable([entry({ names: ['\u001b[2Jweb', 'a\u202eb'] })], 0);
    assert.match(table, /\\u001b\[2Jweb a\\u202eb/);
  });
});

describe('the state of a certificate', () => {
  const revoked = { at: 1, reasonCode: 0, reason: '' };
  it('is revoked also after its end', () => assert.equal(stateOf(entry({ revoked }), 2000), 'revoked'));
  it('is valid to its last moment', () =>
    assert.deepEqual([stateOf(entry(), 1000), stateOf(entry(), 1001)], ['valid', 'expired']));
  it('is in the JSON, with null for what is not known', () =>
    assert.deepEqual(
      [toJson(entry({ provisioner: undefined }), 0).state, toJson(entry({ provisioner: undefined }), 0).provisioner],
      ['valid', null],
    ));
});

describe('parseSerialNumber', () => {
  const rows: [string, string][] = [
    ['123', '123'],
    ['00123', '123'],
    ['0x7b', '123'],
    ['7B', '123'],
    ['00:7b', '123'],
    ['ff', '255'],
  ];
  for (const [text, want] of rows) it(`reads ${text}`, () => assert.equal(parseSerialNumber(text), want));
  for (const text of ['', 'xyz', '-1', '1'.repeat(61), '0x']) {
    it(`refuses ${JSON.stringify(text)}`, () => assert.throws(() => parseSerialNumber(text), { code: 'ERR_CA_FLAG' }));
  }
});
