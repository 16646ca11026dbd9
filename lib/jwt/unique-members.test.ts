import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { hasRepeatedMember } from './unique-members.ts';

const repeats = (text: string): boolean => hasRepeatedMember(text, JSON.parse(text));

describe('a repeated member', () => {
  for (const text of [
    '{"a":1,"a":1}',
    '{"a":1,"\\u0061":2}',
    '[{"b":{"c":1,"c":2}}]',
    '{"__proto__":1,"__proto__":2}',
    '{"":1,"":2}',
  ]) {
    it(`is seen in ${text}`, () => assert.equal(repeats(text), true));
  }

  for (const text of ['{"a":"b\\":c","d:":[":",{"a":1}]}', '{"a\\\\":1,"a":2}', '":"', '{}', '{"__proto__":{"a":1}}']) {
    it(`is not seen in ${text}`, () => assert.equal(repeats(text), false));
  }

  it('is in no text that JSON.stringify made, and in each that has one put in', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), fc.string(), fc.jsonValue(), (object, name, value) => {
        const text = JSON.stringify({ ...object, [name]: value });
        return !repeats(text) && repeats(`{${JSON.stringify(name)}:0,${text.slice(1)}`);
      }),
    );
  });
});
