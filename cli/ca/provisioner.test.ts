import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { describeProvisioner, matchingProvisioners, readProvisioner } from './provisioner.ts';

const listed = [
  { type: 'JWK', name: 'admin', key: { kid: 'a' } },
  { type: 'JWK', name: 'autocert', key: { kid: 'b' } },
  { type: 'JWK', name: 'autocert', key: { kid: 'c' } },
  { type: 'ACME', name: 'acme' },
].map(readProvisioner);

describe('matchingProvisioners', () => {
  const kids = (wanted: { name?: string; kid?: string }): (string | undefined)[] =>
    matchingProvisioners(listed, wanted).map(({ kid }) => kid);

  it('offers those that can be used', () => assert.deepEqual(kids({}), ['a', 'b', 'c']));
  it('goes by name', () => assert.deepEqual(kids({ name: 'admin' }), ['a']));
  it('goes by key id where a name has several', () => assert.deepEqual(kids({ name: 'autocert', kid: 'c' }), ['c']));
  it('names those that there are when there is none of that name', () =>
    assert.throws(() => kids({ name: 'nobody' }), {
      code: 'ERR_CLI_PROVISIONER',
      hint: 'it has admin, autocert, autocert',
    }));
  it('says so when the type is not supported', () =>
    assert.throws(() => kids({ name: 'acme' }), { code: 'ERR_CLI_PROVISIONER', message: /its type is ACME/ }));
  it('says so when there is no usable one at all', () =>
    assert.throws(() => matchingProvisioners([], {}), { code: 'ERR_CLI_PROVISIONER', message: /none of type JWK/ }));
});

describe('describeProvisioner', () => {
  it('is what step prints', () =>
    assert.deepEqual(listed.slice(0, 1).map(describeProvisioner), ['admin (JWK) [kid: a]']));
});
