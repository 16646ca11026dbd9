import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { CommandDescription, OptionValues } from '../command.ts';
import { parseArguments } from './parse.ts';
import { resolveOptions } from './resolve.ts';

const command: CommandDescription = {
  path: ['ca', 'test'],
  summary: 'test',
  options: [
    { name: 'ca-url', value: 'URL', description: '' },
    { name: 'provisioner', aliases: ['issuer'], value: 'name', description: '' },
    { name: 'san', value: 'name', repeated: true, description: '' },
    { name: 'kty', value: 'type', choices: ['EC', 'RSA'], default: 'EC', description: '' },
    { name: 'force', aliases: ['f'], description: '' },
    { name: 'mtls', default: 'true', description: '' },
  ],
  examples: [],
};

type Given = { args?: string[]; env?: Record<string, string>; defaults?: Record<string, unknown> };
const resolve = ({ args = [], env = {}, defaults = {} }: Given): OptionValues =>
  resolveOptions(command, parseArguments(command, args), env, { path: 'defaults.json', members: defaults });

describe('resolveOptions', () => {
  const defaults = { 'ca-url': 'https://defaults' };
  const env = { STEP_CA_URL: 'https://environment' };

  it('takes the command line first', () =>
    assert.equal(resolve({ args: ['--ca-url', 'https://line'], env, defaults }).text('ca-url'), 'https://line'));
  it('then the environment', () => assert.equal(resolve({ env, defaults }).text('ca-url'), 'https://environment'));
  it('then defaults.json', () => assert.equal(resolve({ defaults }).text('ca-url'), 'https://defaults'));
  it("then the option's own default, which does not count as set", () => {
    const options = resolve({});
    assert.equal(options.text('kty'), 'EC');
    assert.equal(options.isSet('kty'), false);
    assert.equal(options.isSet('ca-url'), false);
  });
  it('takes an empty variable as none', () =>
    assert.equal(resolve({ env: { STEP_CA_URL: '' }, defaults }).text('ca-url'), 'https://defaults'));
  it('knows a variable and a member by the other spelling too', () => {
    assert.equal(resolve({ env: { STEP_ISSUER: 'a' } }).text('provisioner'), 'a');
    assert.equal(resolve({ defaults: { issuer: 'b' } }).text('provisioner'), 'b');
  });
  it('splits a variable into a list at commas', () =>
    assert.deepEqual(resolve({ env: { STEP_SAN: 'a, b' } }).list('san'), ['a', 'b']));
  it('takes a list from defaults.json', () =>
    assert.deepEqual(resolve({ defaults: { san: ['a', 'b'] } }).list('san'), ['a', 'b']));
  it('reads a switch from everywhere', () => {
    assert.ok(resolve({ args: ['-f'] }).isOn('force'));
    assert.ok(resolve({ env: { STEP_FORCE: '1' } }).isOn('force'));
    assert.ok(resolve({ defaults: { force: true } }).isOn('force'));
    assert.ok(!resolve({}).isOn('force'));
    assert.ok(resolve({}).isOn('mtls'));
    assert.ok(!resolve({ args: ['--mtls=false'], env: { STEP_MTLS: 'true' } }).isOn('mtls'));
  });
  it('names the place of a value that is no choice', () => {
    assert.throws(() => resolve({ args: ['--kty', 'DSA'] }), {
      code: 'ERR_CLI_USAGE',
      message: /^--kty: "DSA" is not one of EC, RSA/,
    });
    assert.throws(() => resolve({ env: { STEP_KTY: 'DSA' } }), { message: /^STEP_KTY: / });
    assert.throws(() => resolve({ defaults: { kty: 'DSA' } }), { message: /^"kty" in defaults\.json: / });
  });
  it('refuses a member of defaults.json that is an object', () =>
    assert.throws(() => resolve({ defaults: { 'ca-url': {} } }), { code: 'ERR_CLI_SETTINGS' }));
  it('says how to give a required option that nobody gave', () =>
    assert.throws(() => resolve({}).required('ca-url'), { code: 'ERR_CLI_USAGE', hint: /STEP_CA_URL/ }));
  it('takes a name that the command does not have for a bug', () =>
    assert.throws(() => resolve({}).text('nope'), TypeError));
});
