import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { isAppError } from '../../../lib/errors/index.ts';
import { type Data, decideNextStep, type NextStep, type Parts } from './next-step.ts';

const empty: Parts = {
  config: {},
  certs: {},
  secrets: {},
  'ca-password': {},
  'provisioner-password': {},
  'webhook-password': undefined,
  upstreamKeys: undefined,
};
const keys = { root_ca_key: 'rk', intermediate_ca_key: 'ik' };
const certificates = { 'root_ca.crt': 'root', 'intermediate_ca.crt': 'intermediate' };
const configuration = { 'ca.json': '{"authority":{"provisioners":[]}}', 'defaults.json': '{}' };
const password = { password: 'a' };
const complete: Parts = {
  ...empty,
  config: configuration,
  certs: certificates,
  secrets: { ...keys, ...certificates, ...configuration },
  'ca-password': password,
  'provisioner-password': password,
};

const decide = (parts: Partial<Parts>, base: Parts = complete): NextStep =>
  decideNextStep({ ...base, ...parts }, 'step', undefined);

const refusal = (parts: Partial<Parts>): string => {
  try {
    decide(parts);
  } catch (error) {
    if (isAppError(error)) return `${error.code} ${error.message}`;
    throw error;
  }
  return 'accepted';
};

describe('the next step towards a PKI', () => {
  it('makes both passwords before anything that they encrypt', () => {
    assert.deepEqual(decide({}, empty), { kind: 'make-password', part: 'ca-password' });
    assert.deepEqual(decide({ 'ca-password': password }, empty), {
      kind: 'make-password',
      part: 'provisioner-password',
    });
    assert.deepEqual(decide({ 'ca-password': password, 'provisioner-password': password }, empty), {
      kind: 'make-pki',
    });
  });

  it('publishes what is missing from the copies beside the keys', () => {
    assert.deepEqual(decide({ certs: {} }), { kind: 'fill', part: 'certs', data: certificates });
    assert.deepEqual(decide({ certs: { 'root_ca.crt': 'root' } }), {
      kind: 'fill',
      part: 'certs',
      data: { 'intermediate_ca.crt': 'intermediate' },
    });
    assert.deepEqual(decide({ config: { 'ca.json': 'edited' } }), {
      kind: 'fill',
      part: 'config',
      data: { 'defaults.json': '{}' },
    });
  });

  it('takes the keys of an upstream release from its ConfigMap', () => {
    assert.deepEqual(decide({ secrets: {}, upstreamKeys: keys }), { kind: 'fill', part: 'secrets', data: keys });
  });

  it('is done with an injected PKI that has no copies and no root key', () => {
    assert.deepEqual(decide({ secrets: { intermediate_ca_key: 'ik' }, config: { 'ca.json': '{}' } }), { kind: 'done' });
  });

  it('never makes a second PKI over a root key that stands alone', () => {
    assert.equal(
      refusal({ ...empty, secrets: { root_ca_key: 'rk' } }),
      'ERR_CA_PKI_INCOMPLETE Secret step-secrets: holds no intermediate_ca_key, though a PKI was made before',
    );
  });

  it('makes nothing anew beside what is left of a PKI, and names what is lost', () => {
    const missing = 'though a PKI was made before';
    assert.equal(
      refusal({ secrets: {} }),
      `ERR_CA_PKI_INCOMPLETE Secret step-secrets: holds no intermediate_ca_key, ${missing}`,
    );
    assert.equal(
      refusal({ certs: {}, secrets: keys }),
      `ERR_CA_PKI_INCOMPLETE ConfigMap step-certs: holds no root_ca.crt, ${missing}`,
    );
    assert.equal(
      refusal({ config: {}, secrets: keys }),
      `ERR_CA_PKI_INCOMPLETE ConfigMap step-config: holds no ca.json, ${missing}`,
    );
    assert.equal(
      refusal({ 'ca-password': { password: ' \n' } }),
      `ERR_CA_PKI_INCOMPLETE Secret step-ca-password: holds no password, ${missing}`,
    );
    assert.equal(
      refusal({ 'provisioner-password': {} }),
      `ERR_CA_PKI_INCOMPLETE Secret step-provisioner-password: holds no password, ${missing}`,
    );
  });

  describe('with a provisioner of the webhook', () => {
    const withProvisioner = JSON.stringify({ authority: { provisioners: [{ type: 'JWK', name: 'autocert' }] } });
    const step = (parts: Partial<Parts>): NextStep => decideNextStep({ ...complete, ...parts }, 'step', 'autocert');

    it('makes its password, then adds it', () => {
      assert.deepEqual(step({ 'webhook-password': {} }), { kind: 'make-password', part: 'webhook-password' });
      assert.deepEqual(step({ 'webhook-password': password }), {
        kind: 'add-provisioner',
        caJson: { authority: { provisioners: [] } },
      });
    });

    it('is done when it is there, whatever the password of the first one', () => {
      const parts = {
        'webhook-password': password,
        'provisioner-password': {},
        config: { ...configuration, 'ca.json': withProvisioner },
      };
      assert.deepEqual(step(parts), { kind: 'done' });
    });

    it('does not confuse it with one of another type and the same name', () => {
      const acme = JSON.stringify({ authority: { provisioners: [{ type: 'ACME', name: 'autocert' }] } });
      assert.equal(
        step({ 'webhook-password': password, config: { ...configuration, 'ca.json': acme } }).kind,
        'add-provisioner',
      );
    });

    it('refuses a provisioner whose password is lost, and a ca.json that is not JSON', () => {
      assert.throws(
        () => step({ 'webhook-password': {}, config: { ...configuration, 'ca.json': withProvisioner } }),
        (error) =>
          isAppError(error) && error.code === 'ERR_CA_PKI_INCOMPLETE' && /provisioner autocert/.test(error.hint ?? ''),
      );
      assert.throws(
        () => step({ 'webhook-password': password, config: { ...configuration, 'ca.json': '{' } }),
        (error) => isAppError(error) && error.code === 'ERR_CA_CONFIG_JSON',
      );
    });
  });

  it('ends or refuses from every state, and never touches what is there', () => {
    const some = (data: Data) => fc.subarray(Object.keys(data)).map((names) => pick(data, names));
    const states = fc.record({
      config: some(configuration),
      certs: some(certificates),
      secrets: some({ ...keys, ...certificates, ...configuration }),
      'ca-password': some(password),
      'provisioner-password': some(password),
      'webhook-password': fc.constantFrom(undefined, {}, password),
      upstreamKeys: fc.constantFrom(undefined, keys),
    });
    fc.assert(
      fc.property(states, (start) => {
        let parts: Parts = start;
        const provisioner = start['webhook-password'] ? 'autocert' : undefined;
        for (let round = 0; round < 12; round++) {
          let step: NextStep;
          try {
            step = decideNextStep(parts, 'step', provisioner);
          } catch (error) {
            return isAppError(error) && error.code === 'ERR_CA_PKI_INCOMPLETE';
          }
          if (step.kind === 'done') return Boolean(parts.secrets.intermediate_ca_key && parts.certs['root_ca.crt']);
          parts = apply(step, parts);
        }
        return false;
      }),
    );
  });
});

const pick = (data: Data, names: readonly string[]): Data =>
  Object.fromEntries(names.map((name) => [name, data[name] ?? '']));

function apply(step: Exclude<NextStep, { kind: 'done' }>, parts: Parts): Parts {
  const changes = {
    'make-password': { part: 'part' in step ? step.part : 'secrets', data: password },
    'make-pki': { part: 'secrets', data: { ...keys, ...certificates, ...configuration } },
    fill: { part: 'part' in step ? step.part : 'secrets', data: 'data' in step ? step.data : {} },
    'add-provisioner': {
      part: 'config',
      data: { 'ca.json': JSON.stringify({ authority: { provisioners: [{ type: 'JWK', name: 'autocert' }] } }) },
    },
  } as const;
  const { part, data } = changes[step.kind];
  const before = parts[part] ?? {};
  const overwritten = Object.keys(data).filter((name) => name in before && step.kind !== 'add-provisioner');
  assert.deepEqual(overwritten, []);
  return { ...parts, [part]: { ...before, ...data } };
}
