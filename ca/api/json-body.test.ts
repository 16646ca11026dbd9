import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { readJsonBody } from './json-body.ts';

const read = (text: string) => readJsonBody(Buffer.from(text));

describe('readJsonBody', () => {
  const accepted: [string, string, string][] = [
    ['a member', '{"csr":"x"}', 'x'],
    ['another case', '{"CsR":"x"}', 'x'],
    ['the last of two', '{"csr":"a","CSR":"x"}', 'x'],
    ['white space before', ' \n\t\r{"csr":"x"}', 'x'],
    ['bytes after', '{"csr":"x"}garbage{', 'x'],
    ['brackets in texts', '{"a":"}]\\"{","csr":"x"}', 'x'],
    ['a backslash at the end of a text', '{"a":"\\\\","csr":"x"}', 'x'],
    ['null', '{"csr":null}', ''],
    ['no member', '{}', ''],
    ['null as a body', 'null', ''],
    ['null and more', 'nullx', ''],
    ['unknown members', '{"a":[{"b":1}],"csr":"x"}', 'x'],
  ];
  for (const [name, text, want] of accepted) {
    it(`reads ${name}`, () => assert.equal(read(text).text('csr'), want));
  }

  const refused = [
    '',
    ' ',
    'x',
    '[]',
    '"x"',
    '1',
    'true',
    '{',
    '{"csr"',
    '{"csr":"',
    '{csr:1}',
    "{'csr':1}",
    '{"a":1,}',
    '\ufeff{}',
  ];
  for (const text of refused) {
    it(`refuses ${JSON.stringify(text)}`, () =>
      assert.throws(() => read(text), { code: 'ERR_REQUEST_JSON', message: 'error decoding json' }));
  }

  it('refuses a member of another type', () => {
    assert.throws(() => read('{"csr":1}').text('csr'), { code: 'ERR_REQUEST_JSON' });
    assert.throws(() => read('{"n":1.5}').integer('n'), { code: 'ERR_REQUEST_JSON' });
    assert.throws(() => read('{"n":"1"}').integer('n'), { code: 'ERR_REQUEST_JSON' });
    assert.throws(() => read('{"f":1}').flag('f'), { code: 'ERR_REQUEST_JSON' });
  });

  it('refuses more than 10 000 levels, and reads as many', () => {
    const nested = (depth: number): string => `{"a":${'['.repeat(depth)}${']'.repeat(depth)},"csr":"x"}`;
    assert.equal(read(nested(9_999)).text('csr'), 'x');
    assert.throws(() => read(nested(10_000)), { code: 'ERR_REQUEST_JSON' });
  });

  it('reads what JSON.stringify writes, whatever follows', () => {
    fc.assert(
      fc.property(fc.string(), fc.json(), fc.string(), (csr, other, tail) => {
        assert.equal(read(`{"other":${other},"csr":${JSON.stringify(csr)}}${tail}`).text('csr'), csr);
      }),
    );
  });

  it('ends with a result or its one error for any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        try {
          readJsonBody(bytes).text('csr');
        } catch (error) {
          assert.equal((error as { code?: string }).code, 'ERR_REQUEST_JSON');
        }
      }),
    );
  });
});
