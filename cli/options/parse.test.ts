import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { CommandDescription } from '../command.ts';
import { checkPositionals, parseArguments, usageLine } from './parse.ts';

const command: CommandDescription = {
  path: ['ca', 'certificate'],
  summary: 'test',
  positionals: [
    { name: 'subject', description: '' },
    { name: 'crt-file', optional: true, description: '' },
  ],
  options: [
    { name: 'san', value: 'name', repeated: true, description: '' },
    { name: 'provisioner', aliases: ['issuer'], value: 'name', description: '' },
    { name: 'not-before', value: 'time', description: '' },
    { name: 'force', aliases: ['f'], description: '' },
    { name: 'mtls', default: 'true', description: '' },
  ],
  unsupported: ['acme'],
  examples: [],
};

const parse = (...args: string[]): { positionals: readonly string[]; given: Record<string, readonly string[]> } => {
  const { positionals, given } = parseArguments(command, args);
  return { positionals, given: Object.fromEntries(given) };
};

describe('parseArguments', () => {
  const rows: { name: string; args: string[]; positionals?: string[]; given?: Record<string, string[]> }[] = [
    {
      name: 'options before the positionals',
      args: ['-f', 'a', 'b'],
      positionals: ['a', 'b'],
      given: { force: ['true'] },
    },
    { name: 'options between them', args: ['a', '--force', 'b'], positionals: ['a', 'b'], given: { force: ['true'] } },
    { name: 'options after them', args: ['a', 'b', '--san', 'x'], positionals: ['a', 'b'], given: { san: ['x'] } },
    { name: 'a value after an equals sign', args: ['--san=x=y'], given: { san: ['x=y'] } },
    { name: 'a repeated option', args: ['--san', 'x', '--san', 'y'], given: { san: ['x', 'y'] } },
    {
      name: 'the last of an option that is not repeated',
      args: ['--provisioner', 'a', '--provisioner', 'b'],
      given: { provisioner: ['b'] },
    },
    { name: 'another spelling', args: ['--issuer', 'a'], given: { provisioner: ['a'] } },
    { name: 'a switch that is turned off', args: ['--mtls=false'], given: { mtls: ['false'] } },
    { name: 'a negative duration', args: ['--not-before', '-5m'], given: { 'not-before': ['-5m'] } },
    { name: 'a hyphen as standard input', args: ['-'], positionals: ['-'] },
    { name: 'everything after two hyphens', args: ['--', '--force'], positionals: ['--force'] },
  ];
  for (const { name, args, positionals = [], given = {} } of rows) {
    it(`reads ${name}`, () => assert.deepEqual(parse(...args), { positionals, given }));
  }

  const refused: { name: string; args: string[]; message: RegExp; hint?: RegExp; code?: string }[] = [
    {
      name: 'an unknown option, with a guess',
      args: ['--provisionr', 'a'],
      message: /--provisionr: unknown/,
      hint: /--provisioner\?/,
    },
    { name: 'an unknown letter', args: ['-q'], message: /-q: unknown/ },
    { name: 'a missing value', args: ['--san'], message: /--san: a value is missing/ },
    { name: 'a switch that is neither true nor false', args: ['--mtls=maybe'], message: /neither true nor false/ },
    {
      name: 'an option of step that is not done here',
      args: ['--acme', 'x'],
      message: /--acme: this option of "step ca certificate"/,
      code: 'ERR_CLI_UNSUPPORTED',
    },
  ];
  for (const { name, args, message, hint, code = 'ERR_CLI_USAGE' } of refused) {
    it(`refuses ${name}`, () => assert.throws(() => parse(...args), { code, message, ...(hint && { hint }) }));
  }

  it('fails on arbitrary words with a usage error only', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ maxLength: 8 }), { maxLength: 6 }), (args) => {
        try {
          parse(...args);
        } catch (error) {
          assert.match((error as { code: string }).code, /^ERR_CLI_(USAGE|UNSUPPORTED)$/);
        }
      }),
    );
  });
});

describe('checkPositionals', () => {
  it('names the one that is missing', () =>
    assert.throws(() => checkPositionals(command, []), {
      message: 'subject: missing',
      hint: /subject \[crt-file\] \[options\]/,
    }));
  it('lets an optional one be missing', () => checkPositionals(command, ['a']));
  it('refuses one too many', () =>
    assert.throws(() => checkPositionals(command, ['a', 'b', 'c']), { message: /"c": one argument too many/ }));
  it('takes any number of a repeated one', () => {
    const many = { ...command, positionals: [{ name: 'file', repeated: true, description: '' }] };
    checkPositionals(many, ['a', 'b', 'c']);
    assert.equal(usageLine(many), 'autocert ca certificate file… [options]');
  });
});
