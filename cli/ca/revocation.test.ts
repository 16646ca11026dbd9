import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isAppError } from '../../lib/errors/index.ts';
import { parseReasonCode, parseSerialNumber } from './revocation.ts';

const isUsage = (error: unknown): boolean => isAppError(error, 'ERR_CLI_USAGE');

describe('parseReasonCode', () => {
  const cases = [
    [undefined, 0],
    ['', 0],
    ['0', 0],
    ['10', 10],
    ['keycompromise', 1],
    ['KeyCompromise', 1],
    ['AACompromise', 10],
    ['key compromise', 1],
  ] as const;
  for (const [text, code] of cases) it(`reads ${text}`, () => assert.equal(parseReasonCode(text), code));

  for (const text of ['7', '11', '1.5', 'undefined', 'stolen']) {
    it(`refuses ${text}, and says what there is`, () => {
      assert.throws(() => parseReasonCode(text), isUsage);
      assert.throws(() => parseReasonCode(text), { hint: /keyCompromise \(1\)/ });
    });
  }
});

describe('parseSerialNumber', () => {
  const cases = [
    ['42', '42'],
    [' 007 ', '7'],
    ['0x2A', '42'],
    ['0A:1b', '2587'],
    ['340282366920938463463374607431768211455', '340282366920938463463374607431768211455'],
  ] as const;
  for (const [text, serial] of cases) it(`reads ${text}`, () => assert.equal(parseSerialNumber(text), serial));

  for (const text of ['', 'ab', '0x', '0b1', '1 2', '-1', 'A:1']) {
    it(`refuses "${text}"`, () => assert.throws(() => parseSerialNumber(text), isUsage));
  }
});
