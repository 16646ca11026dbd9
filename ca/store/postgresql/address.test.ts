import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { isAppError } from '../../../lib/errors/index.ts';
import { parsePostgresAddress } from './address.ts';

const parse = (text: string, database?: string, sslMode?: string) => {
  const { ssl, ...rest } = parsePostgresAddress(text, database, sslMode);
  const members = { ...rest, ...ssl };
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined));
};

describe('parsePostgresAddress', () => {
  const rows: [text: string, want: Record<string, unknown>][] = [
    [
      'postgresql://ca:se%40cret@db.example:6432/step?sslmode=verify-full&sslrootcert=/etc/root.crt',
      {
        host: 'db.example',
        port: 6432,
        user: 'ca',
        password: 'se@cret',
        database: 'step',
        mode: 'verify-full',
        rootCertificate: '/etc/root.crt',
      },
    ],
    ['postgres://db', { host: 'db', mode: 'prefer' }],
    [
      'postgresql://postgres@/x?host=%2Frun%2Fpg&port=5433',
      { host: '/run/pg', port: 5433, user: 'postgres', database: 'x', mode: 'disable' },
    ],
    ['postgresql://[::1]:5432/', { host: '::1', port: 5432, mode: 'prefer' }],
    ['postgresql://', { mode: 'prefer' }],
    ['postgresql://u:a:b@h', { host: 'h', user: 'u', password: 'a:b', mode: 'prefer' }],
    [
      "host=db port=5432 user=ca password='it\\'s a \\\\ secret' dbname=step sslmode=disable",
      { host: 'db', port: 5432, user: 'ca', password: "it's a \\ secret", database: 'step', mode: 'disable' },
    ],
    ['host=db sslmode=require sslrootcert=r.pem', { host: 'db', mode: 'verify-ca', rootCertificate: 'r.pem' }],
    [
      'host=db sslmode=require sslcert=c.pem sslkey=k.pem',
      { host: 'db', mode: 'require', certificate: 'c.pem', key: 'k.pem' },
    ],
    [
      'postgresql://h?search_path=autocert&statement_timeout=5s&connect_timeout=3&application_name=x&pool_max_conns=4',
      {
        host: 'h',
        mode: 'prefer',
        options: '-c search_path=autocert -c statement_timeout=5s',
        connectTimeoutMs: 3000,
        applicationName: 'x',
      },
    ],
  ];
  for (const [text, want] of rows) {
    it(`reads ${text.replace(/se%40cret|it.*secret'/, '…')}`, () => assert.deepEqual(parse(text), want));
  }

  it('takes the database of ca.json before the one of the address', () =>
    assert.deepEqual(parse('postgresql://h/one', 'two'), { host: 'h', database: 'two', mode: 'prefer' }));

  it('takes PGSSLMODE when the address says nothing', () => {
    assert.equal(parse('postgresql://h', undefined, 'require').mode, 'require');
    assert.equal(parse('postgresql://h?sslmode=disable', undefined, 'require').mode, 'disable');
  });

  for (const text of [
    '',
    'somewhere',
    'host',
    "host='open",
    'host=a =b',
    'postgresql://h:port/',
    'postgresql://h?sslmode=maybe',
    'postgresql://a,b/',
    'postgresql://h:70000/',
    'postgresql://u:%zz@h',
    'mysql://h',
  ]) {
    it(`refuses ${JSON.stringify(text)}`, () =>
      assert.throws(() => parse(text), { code: 'ERR_CA_STORE_ADDRESS', kind: 'invalid' }));
  }

  it('never shows a password, whatever is wrong', () => {
    const texts = fc.oneof(
      fc.string(),
      fc.string().map((text) => `postgresql://${text}`),
      fc.string().map((text) => `host=${text}`),
    );
    fc.assert(
      fc.property(texts, (text) => {
        try {
          parse(`${text}hunter2`);
        } catch (error) {
          assert.ok(isAppError(error, 'ERR_CA_STORE_ADDRESS'));
          assert.ok(!`${error.message}${error.cause}`.includes('hunter2'));
        }
      }),
    );
  });
});
