import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { generateProvisionerKey } from '../../lib/jwk-provisioner/index.ts';
import { systemClock } from '../../lib/time/index.ts';
import { builtInClaims } from './claims.ts';
import { buildProvisioner } from './provisioner.ts';
import { ProvisionerCollection } from './provisioners.ts';
import { createTemplateLanguage } from './templates/language.ts';

const { publicJwk, kid, key } = await generateProvisionerKey();
const sources = { files: new Map<string, string>(), language: createTemplateLanguage(systemClock) };
const entry = { type: 'JWK', name: 'admin', key: publicJwk, encryptedKey: 'a.b.c.d.e' };
const build = (json: Parameters<typeof buildProvisioner>[0]) => buildProvisioner(json, builtInClaims, sources);

describe('buildProvisioner', () => {
  it('makes a JWK provisioner that may be used', () => {
    const provisioner = build(entry);
    assert.equal(provisioner?.id, `admin:${kid}`);
    assert.deepEqual(provisioner?.state.kind === 'ready' && provisioner.state.algorithms, ['ES256']);
    assert.deepEqual(provisioner?.listing, entry);
  });

  it('shows claims and options as they stand, and no secret', () => {
    const options = {
      x509: {},
      webhooks: [{ name: 'w', url: 'https://w', secret: 's', bearerToken: 't', basicAuth: {} }],
    };
    const withPrivateKey = { ...publicJwk, d: key.export({ format: 'jwk' }).d };
    const listing = build({
      ...entry,
      key: withPrivateKey,
      claims: { maxTLSCertDuration: '48h0m0s' },
      options,
    })?.listing;
    assert.deepEqual(listing?.claims, { maxTLSCertDuration: '48h0m0s' });
    assert.deepEqual(listing?.options, { x509: {}, webhooks: [{ name: 'w', url: 'https://w' }] });
    assert.deepEqual(listing?.key, publicJwk);
  });

  it('shows SCEP secrets as redacted', () => {
    const listing = build({ type: 'scep', name: 's', challenge: 'secret', decrypterKeyPEM: 'pem' })?.listing;
    assert.deepEqual(
      [listing?.type, listing?.challenge, listing?.decrypterKeyPEM],
      ['SCEP', '*** REDACTED ***', '*** REDACTED ***'],
    );
  });

  it('leaves out a type that nobody knows', () => assert.equal(build({ type: 'other', name: 'x' }), undefined));

  const disabled: [string, Record<string, unknown>, RegExp][] = [
    ['a kind that is not built', { type: 'OIDC' }, /OIDC provisioners are not supported/],
    ['no name', { name: '' }, /name/],
    ['no key', { key: undefined }, /key/],
    ['a key that is no JWK', { key: { kty: 'EC', kid: 'x' } }, /key is not a public JWK/],
    ['a symmetric key', { key: { kty: 'oct', k: 'AAAA' } }, /key is not a public JWK/],
    ['a key for agreement', { key: { kty: 'OKP', crv: 'X25519', x: 'A'.repeat(43) } }, /signs no tokens/],
    ['a webhook without a name', { options: { webhooks: [{}] } }, /webhook name is required/],
    [
      'claims that are no durations',
      { claims: { minTLSCertDuration: '1d' } },
      /claims\.minTLSCertDuration is not a duration/,
    ],
    ['claims that contradict each other', { claims: { minTLSCertDuration: '99h' } }, /cannot be less/],
  ];
  for (const [name, changes, reason] of disabled) {
    it(`keeps one with ${name} in the list, with the reason`, () => {
      const provisioner = build({ ...entry, ...changes } as typeof entry);
      assert.ok(provisioner?.state.kind === 'uninitialized');
      assert.match(provisioner.state.reason, reason);
      assert.equal(provisioner.listing.state, 'Uninitialized');
      assert.equal(provisioner.listing.stateReason, provisioner.state.reason);
    });
  }
});

describe('a template that cannot be used', () => {
  const broken: [string, Record<string, unknown>, string, RegExp][] = [
    ['bad syntax', { template: '{\n{{ if }}' }, 'options.x509.template', /^template: template:2: missing value for if/],
    ['an unknown function', { template: '{{ env "HOME" }}' }, 'options.x509.template', /function "env" not defined/],
    ['no base64', { template: 'x-y' }, 'options.x509.template', /neither JSON nor base64/],
    ['no file', { templateFile: 'x.tpl' }, 'x.tpl', /^cannot be read$/],
    ['data that is no object', { templateData: ['x'] }, 'options.x509.templateData', /^is not an object$/],
  ];
  for (const [name, x509, source, problem] of broken) {
    it(`leaves the provisioner as it is, and is told of: ${name}`, () => {
      const state = build({ ...entry, options: { x509 } } as typeof entry)?.state;
      assert.ok(state?.kind === 'ready');
      assert.equal(state.templates.template?.source, source);
      assert.match(state.templates.template?.problem ?? '', problem);
    });
  }
});

describe('ProvisionerCollection', () => {
  const many = Array.from({ length: 130 }, (_, index) => ({ ...entry, name: `p${index}` }));
  const collection = new ProvisionerCollection(many, builtInClaims, sources);

  it('pages in the order of the file', () => {
    const first = collection.page('', 1000);
    assert.equal(first.provisioners.length, 100);
    assert.match(first.nextCursor, /^[1-9a-f][0-9a-f]{33}$/);
    const second = collection.page(first.nextCursor, 100);
    assert.deepEqual([second.provisioners[0]?.name, second.provisioners.length, second.nextCursor], ['p100', 30, '']);
  });

  it('has pages of 20 unless asked otherwise', () => {
    for (const limit of [0, -1]) assert.equal(collection.page('', limit).provisioners.length, 20);
  });

  it('takes a cursor for a lower bound that need not exist', () => {
    assert.equal(collection.page('1', 1).provisioners[0]?.name, 'p0');
    assert.deepEqual(collection.page(`${'z'.repeat(40)}`, 1).provisioners, []);
  });

  it('finds by id, by name and by key id', () => {
    assert.equal(collection.findById(`p7:${kid}`)?.name, 'p7');
    assert.equal(collection.findByName('p8')?.name, 'p8');
    assert.equal(collection.findEncryptedKey(kid), 'a.b.c.d.e');
    assert.equal(collection.findEncryptedKey('other'), undefined);
  });

  it('refuses a name twice', () => {
    const twice = [entry, { type: 'ACME', name: 'admin' }];
    assert.throws(() => new ProvisionerCollection(twice, builtInClaims, sources), {
      code: 'ERR_CA_PROVISIONER_DUPLICATE',
    });
  });
});
