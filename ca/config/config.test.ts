import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { nodeTlsOptions, parseCaConfig } from './index.ts';

const minimal = { root: 'root.crt', crt: 'crt', key: 'key', address: ':443', dnsNames: ['ca.test'] };
const parse = (changes: object) => parseCaConfig(JSON.stringify({ ...minimal, ...changes }), 'ca.json');

describe('parseCaConfig', () => {
  it('fills in what step-ca fills in', () => {
    const config = parse({ dnsNames: null, authority: null, tls: null });
    assert.deepEqual(config.dnsNames, ['localhost', '127.0.0.1', '::1']);
    assert.equal(config.commonName, 'Step Online CA');
    assert.equal(config.backdateMs, 60_000);
    assert.equal(config.database, undefined);
    assert.deepEqual(config.tls, {
      cipherSuites: ['TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256', 'TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256'],
      minVersion: 1.2,
      maxVersion: 1.3,
      renegotiation: false,
    });
  });

  it('reads what step writes when it saves the file again', () => {
    const config = parse({
      root: ['a', 'b'],
      federatedRoots: [],
      insecureAddress: '',
      ssh: null,
      logger: { format: 'text' },
      db: { type: 'badgerv2', dataSource: '/db', badgerFileLoadingMode: '' },
      authority: {
        template: {},
        backdate: '1m0s',
        claims: { enableSSHCA: true, maxTLSCertDuration: '48h0m0s' },
        policy: null,
      },
      commonName: 'Step Online CA',
      crl: { enabled: false, cacheDuration: '24h0m0s' },
      unknown: { x: 1 },
    });
    assert.deepEqual(config.roots, ['a', 'b']);
    assert.deepEqual(config.database, { type: 'badgerv2', dataSource: '/db' });
    assert.equal(config.claims.maxTLSCertDuration, 48 * 3_600_000);
    assert.deepEqual(config.warnings, []);
  });

  it('keeps provisioners as they stand, unknown members too', () => {
    const provisioner = { type: 'JWK', name: 'x', key: { a: [1] }, later: null };
    assert.deepEqual(parse({ authority: { provisioners: [provisioner] } }).provisioners, [provisioner]);
  });

  it('warns of settings without effect', () => {
    const { warnings } = parse({ ssh: { hostKey: 'x' }, insecureAddress: ':8' });
    assert.equal(warnings.length, 2);
  });

  it('fills in when revocation lists are made and where they are published', () => {
    const db = { type: 'badgerv2', dataSource: '/db' };
    const crl = (more: object, address = ':443') => parse({ db, address, crl: { enabled: true, ...more } }).crl;
    assert.deepEqual(crl({}), {
      generateOnRevoke: false,
      cacheDurationMs: 24 * 3_600_000,
      renewPeriodMs: 16 * 3_600_000,
      distributionPoint: 'https://ca.test/1.0/crl',
    });
    assert.deepEqual(crl({ generateOnRevoke: true, cacheDuration: '3h', idpURL: 'http://x/y' }), {
      generateOnRevoke: true,
      cacheDurationMs: 3 * 3_600_000,
      renewPeriodMs: 2 * 3_600_000,
      distributionPoint: 'http://x/y',
    });
    assert.equal(crl({}, '127.0.0.1:9000')?.distributionPoint, 'https://ca.test:9000/1.0/crl');
    assert.equal(parse({ crl: { enabled: false, renewPeriod: '1h' } }).crl, undefined);
    assert.throws(() => crl({ renewPeriod: '48h' }), /crl.cacheDuration must be greater/);
    assert.throws(() => parse({ crl: { enabled: true } }), /crl.enabled wants a database/);
  });

  const refused: [string, object, RegExp][] = [
    ['no address', { address: '' }, /^address cannot be empty$/],
    ['an address without port', { address: 'localhost' }, /invalid address localhost/],
    ['no names', { dnsNames: [] }, /^dnsNames cannot be empty$/],
    ['no root', { root: undefined }, /^root cannot be empty$/],
    ['an empty root among others', { root: ['a', ''] }, /^root cannot be empty$/],
    ['no certificate', { crt: '' }, /^crt cannot be empty$/],
    ['no key', { key: null }, /^key cannot be empty$/],
    ['a number for a text', { crt: 1 }, /^ca\.json: crt .*string/],
    ['a list for the whole', { authority: [] }, /^ca\.json: authority /],
    ['a duration that is none', { authority: { backdate: '1d' } }, /authority\.backdate is not a duration/],
    ['a negative backdate', { authority: { backdate: '-1m' } }, /authority\.backdate cannot be less than 0/],
    [
      'an audience that is no address',
      { authority: { audiences: ['http://a'] } },
      /authority\.audiences "http:\/\/a" is not/,
    ],
    ['an audience with a question', { authority: { audiences: ['https://a?b'] } }, /authority\.audiences .* is not/],
    ['a server certificate of seconds', { authority: { serverCertDuration: '5s' } }, /cannot be less than 1m/],
    ['an unknown TLS version', { tls: { minVersion: 1.4 } }, /1\.4 is not a valid tls version/],
    [
      'TLS versions in the wrong order',
      { tls: { minVersion: 1.3, maxVersion: 1.2 } },
      /minVersion cannot exceed tls maxVersion/,
    ],
    ['an unknown suite', { tls: { cipherSuites: ['TLS_X'] } }, /TLS_X is not a valid cipher suite/],
    ['a broken suite', { tls: { cipherSuites: ['TLS_RSA_WITH_RC4_128_SHA'] } }, /is not a valid cipher suite|broken/],
    ['a CRL renewed after its end', { crl: { cacheDuration: '1h', renewPeriod: '2h' } }, /crl\.cacheDuration must be/],
    ['an unknown database', { db: { type: 'x', dataSource: 'y' } }, /db\.type "x" is not known/],
    ['a database without a place', { db: { type: 'badgerv2' } }, /db\.dataSource cannot be empty/],
  ];
  for (const [name, changes, message] of refused) {
    it(`refuses ${name}`, () =>
      assert.throws(() => parse(changes), { code: 'ERR_CA_CONFIG', kind: 'invalid', message }));
  }

  it('takes a PostgreSQL server as step-ca does', () => {
    const dataSource = 'postgresql://ca@db.example:5432/';
    const db = { type: 'PostgreSQL', dataSource, database: 'ca' };
    assert.deepEqual(parse({ db }).database, { type: 'postgresql', dataSource, database: 'ca' });
  });

  const unsupported: [string, object][] = [
    ['provisioners in the database', { authority: { enableAdmin: true } }],
    ['a registration authority', { authority: { type: 'stepcas' } }],
    ['a key management service', { kms: { type: 'pkcs11' } }],
    ['a key in one', { key: 'pkcs11:id=7331;object=x' }],
    ['a database server of another kind', { db: { type: 'mysql', dataSource: 'x' } }],
  ];
  for (const [name, changes] of unsupported) {
    it(`refuses ${name}, which it could not obey`, () =>
      assert.throws(() => parse(changes), { code: 'ERR_CA_CONFIG_UNSUPPORTED' }));
  }

  it('says that the file is no JSON without quoting it', () => {
    assert.throws(
      () => parseCaConfig('{"password":"secret', 'ca.json'),
      (error: Error) => {
        assert.doesNotMatch(error.message, /secret/);
        return 'code' in error && error.code === 'ERR_CA_CONFIG_JSON';
      },
    );
  });
});

describe('nodeTlsOptions', () => {
  it('takes the older names of old tutorials', () => {
    const { tls } = parse({
      tls: { cipherSuites: ['TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305'], minVersion: 1.2, maxVersion: 1.2 },
    });
    const { ciphers, minVersion, maxVersion } = nodeTlsOptions(tls);
    assert.match(ciphers, /:ECDHE-ECDSA-CHACHA20-POLY1305$/);
    assert.deepEqual([minVersion, maxVersion], ['TLSv1.2', 'TLSv1.2']);
  });
});
