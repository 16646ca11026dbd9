import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { CommandDescription, OptionValues } from '../command.ts';
import { parseArguments } from './parse.ts';
import { resolveOptions } from './resolve.ts';
import { option } from './shared.ts';
import {
  caUrlOption,
  durationOption,
  keySpec,
  numberOption,
  templateData,
  validityText,
  validityTime,
} from './values.ts';

const command: CommandDescription = {
  path: ['test'],
  summary: '',
  options: [
    option.caUrl,
    option.notAfter,
    option.kty,
    option.curve,
    option.size,
    option.set,
    option.setFile,
    { name: 'pid', value: 'number', description: '' },
  ],
  examples: [],
};
const values = (...args: string[]): OptionValues =>
  resolveOptions(command, parseArguments(command, args), {}, { path: '', members: {} });

describe('caUrlOption', () => {
  const rows: [given: string, origin: string][] = [
    ['https://ca.example:9000', 'https://ca.example:9000'],
    ['ca.example:9000', 'https://ca.example:9000'],
    ['https://ca.example/1.0/sign', 'https://ca.example'],
    ['127.0.0.1:4443', 'https://127.0.0.1:4443'],
    ['[::1]:4443', 'https://[::1]:4443'],
    ['2001:db8::1', 'https://[2001:db8::1]'],
  ];
  for (const [given, origin] of rows) {
    it(`reads ${given}`, () => assert.equal(caUrlOption(values('--ca-url', given)).origin, origin));
  }
  for (const given of ['http://ca.example', 'ftp://x', '', 'https://', 'https://me@ca', 'a b']) {
    it(`refuses "${given}"`, () =>
      assert.throws(() => caUrlOption(values('--ca-url', given)), { code: 'ERR_CLI_USAGE', message: /^--ca-url: / }));
  }
});

describe('validityText', () => {
  it('writes a duration as Go does', () =>
    assert.equal(validityText(values('--not-after', '10m'), 'not-after'), '10m0s'));
  it('passes a time on', () =>
    assert.equal(validityText(values('--not-after', '2027-01-31T12:00:00Z'), 'not-after'), '2027-01-31T12:00:00Z'));
  it('is nothing when nothing is given', () => assert.equal(validityText(values(), 'not-after'), undefined));
  for (const text of ['1x', '24', 'tomorrow', '2027-13-01T00:00:00Z']) {
    it(`refuses ${text}`, () =>
      assert.throws(() => validityText(values('--not-after', text), 'not-after'), { code: 'ERR_CLI_USAGE' }));
  }
});

describe('validityTime', () => {
  it('counts a duration from now', () =>
    assert.equal(validityTime(values('--not-after', '1m'), 'not-after', 1000), 61_000));
  it('takes a time as it is', () =>
    assert.equal(validityTime(values('--not-after', '1970-01-01T00:00:01Z'), 'not-after', 5), 1000));
});

describe('keySpec', () => {
  const rows: [args: string, spec: string][] = [
    ['', 'EC-P256'],
    ['--curve P-384', 'EC-P384'],
    ['--crv P-521', 'EC-P521'],
    ['--kty OKP', 'Ed25519'],
    ['--kty OKP --curve Ed25519', 'Ed25519'],
    ['--kty RSA', 'RSA-2048'],
    ['--kty RSA --size 4096', 'RSA-4096'],
  ];
  for (const [args, spec] of rows)
    it(`is ${spec} for "${args}"`, () => assert.equal(keySpec(values(...words(args))), spec));
  for (const args of [
    '--kty RSA --curve P-256',
    '--kty RSA --size 1024',
    '--size 2048',
    '--kty OKP --curve P-256',
    '--curve Ed25519',
  ]) {
    it(`refuses "${args}"`, () => assert.throws(() => keySpec(values(...words(args))), { code: 'ERR_CLI_USAGE' }));
  }
});

describe('templateData', () => {
  const noFile = (): string => assert.fail('no file is read');
  it('takes a value that is JSON as such, anything else as text', () =>
    assert.deepEqual(templateData(values('--set', 'a=1', '--set', 'b=x=y', '--set', 'c={"d":[true]}'), noFile), {
      a: 1,
      b: 'x=y',
      c: { d: [true] },
    }));
  it('puts --set over --set-file', () =>
    assert.deepEqual(
      templateData(values('--set-file', 'f', '--set', 'a=2'), () => '{"a":1,"b":1}'),
      { a: 2, b: 1 },
    ));
  it('is nothing when nothing is given', () => assert.equal(templateData(values(), noFile), undefined));
  it('refuses a pair without equals sign and a file that is no object', () => {
    assert.throws(() => templateData(values('--set', 'a'), noFile), { code: 'ERR_CLI_USAGE' });
    assert.throws(() => templateData(values('--set-file', 'f'), () => '[]'), { code: 'ERR_CLI_INPUT' });
  });
});

describe('durationOption and numberOption', () => {
  it('read what they should', () => {
    assert.equal(durationOption(values('--not-after', '90s'), 'not-after'), 90_000);
    assert.equal(numberOption(values('--pid', '12'), 'pid'), 12);
    assert.equal(numberOption(values(), 'pid'), undefined);
  });
  for (const text of ['0', '-1', '1.5', 'x']) {
    it(`refuse the number ${text}`, () =>
      assert.throws(() => numberOption(values(`--pid=${text}`), 'pid'), { code: 'ERR_CLI_USAGE' }));
  }
  it('refuse a negative duration', () =>
    assert.throws(() => durationOption(values('--not-after=-5m'), 'not-after'), { code: 'ERR_CLI_USAGE' }));
});

const words = (text: string): string[] => text.split(' ').filter((word) => word !== '');
