import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { isAppError } from '../../lib/errors/index.ts';
import { parseCaConfig } from './index.ts';

/** With a value at every place that is read, so that a change somewhere meets a reader. */
const full = {
  root: 'root.crt',
  federatedRoots: ['other.crt'],
  crt: 'crt',
  key: 'key',
  address: ':443',
  dnsNames: ['ca.test'],
  commonName: 'CA',
  db: { type: 'badgerv2', dataSource: '/db', database: 'x' },
  tls: {
    cipherSuites: ['TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256'],
    minVersion: 1.2,
    maxVersion: 1.3,
    renegotiation: false,
  },
  logger: { format: 'json' },
  crl: { enabled: false, cacheDuration: '24h' },
  authority: {
    backdate: '1m',
    disableIssuedAtCheck: false,
    claims: {
      minTLSCertDuration: '5m',
      maxTLSCertDuration: '24h',
      defaultTLSCertDuration: '24h',
      disableRenewal: false,
    },
    template: { country: 'X' },
    policy: null,
    provisioners: [
      {
        type: 'JWK',
        name: 'admin',
        key: { kty: 'EC', crv: 'P-256', x: 'a', y: 'b', kid: 'k', alg: 'ES256', use: 'sig' },
        encryptedKey: 'x',
        claims: {},
        options: {},
      },
      { type: 'ACME', name: 'acme' },
    ],
  },
};

type Path = readonly (string | number)[];
const pathsOf = (value: unknown, path: Path = []): Path[] =>
  typeof value === 'object' && value !== null
    ? [
        path,
        ...Object.entries(value).flatMap(([name, inner]) =>
          pathsOf(inner, [...path, Array.isArray(value) ? Number(name) : name]),
        ),
      ]
    : [path];

function withValueAt(value: unknown, [first, ...rest]: Path, put: unknown): unknown {
  if (first === undefined) return put;
  if (Array.isArray(value)) return value.map((item, index) => (index === first ? withValueAt(item, rest, put) : item));
  const object = value as Record<string, unknown>;
  return { ...object, [first]: withValueAt(object[first], rest, put) };
}

const readsOrRefuses = (text: string): void => {
  try {
    parseCaConfig(text, 'ca.json');
  } catch (error) {
    assert.ok(isAppError(error), `${error}`);
    assert.match(error.code, /^ERR_CA_/);
  }
};

describe('a ca.json that somebody has broken', () => {
  it('is read when nothing is', () => {
    assert.equal(parseCaConfig(JSON.stringify(full), 'ca.json').dnsNames[0], 'ca.test');
  });

  it('is read or refused with a reason, whatever value stands at whatever place', () => {
    fc.assert(
      fc.property(fc.constantFrom(...pathsOf(full)), fc.jsonValue(), (path, put) =>
        readsOrRefuses(JSON.stringify(withValueAt(full, path, put))),
      ),
      { numRuns: 1000 },
    );
  });

  it('is refused with a reason when it is cut off anywhere', () => {
    const text = JSON.stringify(full);
    for (let length = 0; length < text.length; length += 7) {
      assert.throws(() => parseCaConfig(text.slice(0, length), 'ca.json'), { code: /^ERR_CA_CONFIG/ });
    }
  });

  it('is refused with a reason when it is any other text', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), readsOrRefuses));
  });
});
