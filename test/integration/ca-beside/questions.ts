/**
 * Questions for both CAs. Kept together because their value is their number: each row is a way in which a client, a
 * library or an attacker spells a request.
 */
import { fingerprintOfPem, type Leaf, type LeafOptions, type RenewTokenOptions, type Workbench } from './workbench.ts';

/** What is asked of both. Asked anew of each: a token is good once. */
export type Question = {
  readonly name: string;
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Record<string, string>;
  /** Made for each of the two. */
  readonly body?: (bench: Workbench) => Promise<string | Buffer> | string | Buffer;
  /** A renew token, made for each of the two. */
  readonly bearer?: (bench: Workbench) => string;
  /** Shown in the TLS handshake. */
  readonly client?: (bench: Workbench) => Leaf;
};

const signBody = (members: Record<string, unknown>): string => JSON.stringify(members);

/** A sign request with other claims in its token. */
const claims = (
  name: string,
  change: (now: number) => Record<string, unknown>,
  header?: Record<string, unknown>,
): Question => ({
  name: `token: ${name}`,
  body: (bench) =>
    signBody({ csr: bench.csr({ sans: [] }), ott: bench.token(change(Math.floor(Date.now() / 1000)), header) }),
});

/** A sign request with other members beside a good CSR and token. */
const members = (name: string, more: Record<string, unknown>): Question => ({
  name: `body: ${name}`,
  body: (bench) => signBody({ csr: bench.csr(), ott: bench.token(), ...more }),
});

/** A sign request whose names differ. */
const names = (
  name: string,
  csr: { commonName?: string; sans?: string[] },
  token: { sub?: string; sans?: unknown },
): Question => ({
  name: `names: ${name}`,
  body: (bench) => signBody({ csr: bench.csr(csr), ott: bench.token(token) }),
});

const raw = (name: string, body: (bench: Workbench) => string | Buffer, path = '/sign'): Question => ({
  name: `raw: ${name}`,
  path,
  body,
});

/** A renewal by token. */
const renewal = (
  name: string,
  claimsOf: (now: number) => Record<string, unknown>,
  leaf: LeafOptions = {},
  options: (bench: Workbench, leaf: Leaf) => RenewTokenOptions = () => ({}),
): Question => ({
  name: `renew token: ${name}`,
  path: '/renew',
  body: () => '',
  bearer: (bench) => {
    const made = bench.leaf(leaf);
    return bench.renewToken(made, claimsOf(Math.floor(Date.now() / 1000)), options(bench, made));
  },
});

/** A renewal over TLS. */
const mutual = (name: string, leaf: LeafOptions, path = '/renew', body: Question['body'] = () => ''): Question => ({
  name: `client certificate: ${name}`,
  path,
  body,
  client: (bench) => bench.leaf(leaf),
});

const get = (path: string, method = 'GET'): Question => ({ name: `${method} ${path}`, method, path });

export const questions: readonly Question[] = [
  // audiences
  claims('audience as a list with one that fits', () => ({ aud: ['https://other/sign', 'https://localhost/sign'] })),
  claims('audience list without one that fits', () => ({ aud: ['https://other/sign'] })),
  claims('no audience', () => ({ aud: undefined })),
  claims('empty audience', () => ({ aud: '' })),
  claims('audience as a number', () => ({ aud: 5 })),
  claims('audience of revoke', () => ({ aud: 'https://localhost/1.0/revoke' })),
  claims('audience of renew', () => ({ aud: 'https://localhost/renew' })),
  claims('audience of ssh/sign', () => ({ aud: 'https://localhost/1.0/ssh/sign' })),
  claims('audience of ssh/revoke', () => ({ aud: 'https://localhost/1.0/ssh/revoke' })),
  claims('audience by IP address', () => ({ aud: 'https://127.0.0.1:1/1.0/sign' })),
  claims('audience with the scheme in capitals', () => ({ aud: 'HTTPS://localhost/1.0/sign' })),
  claims('audience with http', () => ({ aud: 'http://localhost/1.0/sign' })),
  claims('audience with an empty port', () => ({ aud: 'https://localhost:/1.0/sign' })),
  claims('audience with a port that is no number', () => ({ aud: 'https://localhost:x/1.0/sign' })),
  claims('audience with a user', () => ({ aud: 'https://me@localhost/1.0/sign' })),
  claims('audience with an empty fragment', () => ({ aud: 'https://localhost/1.0/sign#' })),
  claims('audience with an empty query', () => ({ aud: 'https://localhost/1.0/sign?' })),
  claims('audience with a fragment of another kind', () => ({ aud: 'https://localhost/1.0/sign#x5c/admin' })),
  claims('audience with a trailing dot', () => ({ aud: 'https://localhost./1.0/sign' })),
  claims('client id as audience', () => ({ aud: 'someone', azp: 'admin' })),
  // issuer, key, algorithm
  claims('another issuer', () => ({ iss: 'root' })),
  claims('issuer in capitals', () => ({ iss: 'ADMIN' })),
  claims('no issuer', () => ({ iss: undefined })),
  claims('issuer as a number', () => ({ iss: 5 })),
  claims('no kid', () => ({}), { kid: undefined }),
  claims('alg in the header that is not the key’s', () => ({}), { alg: 'ES384' }),
  claims('alg none', () => ({}), { alg: 'none' }),
  claims('a critical header', () => ({}), { crit: ['x'], x: 1 }),
  claims('no typ', () => ({}), { typ: undefined }),
  // times
  claims('expired a minute and more ago', (now) => ({ exp: now - 65 })),
  claims('expired within the leeway', (now) => ({ exp: now - 55 })),
  claims('not valid for more than a minute', (now) => ({ nbf: now + 70 })),
  claims('issued within the leeway ahead', (now) => ({ iat: now + 50 })),
  claims('issued before the start', (now) => ({ iat: now - 86_400 })),
  claims('fractional times', (now) => ({ exp: now + 300.5, nbf: now - 0.25, iat: now + 0.75 })),
  claims('end as text', (now) => ({ exp: String(now + 300) })),
  claims('end as null', () => ({ exp: null })),
  claims('an end beyond every clock', () => ({ exp: 1e15 })),
  claims('a day of life', (now) => ({ exp: now + 86_400 })),
  // subject and names in the token
  claims('no subject', () => ({ sub: undefined })),
  claims('subject as a number', () => ({ sub: 7 })),
  claims('subject with spaces', () => ({ sub: 'a b', sans: ['web.test'] })),
  claims('names as text', () => ({ sans: 'web.test' })),
  claims('names with a number', () => ({ sans: ['web.test', 1] })),
  claims('names null', () => ({ sans: null })),
  claims('no names', () => ({ sans: undefined })),
  claims('only empty names', () => ({ sans: ['', ''] })),
  claims('a name twice', () => ({ sans: ['web.test', 'web.test'] })),
  claims('names of all kinds', () => ({
    sans: ['web.test', '10.1.2.3', '::1', 'me@web.test', 'spiffe://web.test/a', 'urn:x:y', '*.web.test', 'mailto:a@b'],
  })),
  claims('an IPv4-mapped address', () => ({ sans: ['::ffff:10.0.0.1'] })),
  claims('odd names', () => ({
    sans: ['a b', '/path', '[::3]', 'under_score', 'x:y', '1.2.3', '0x7f.1', 'UPPER.test'],
  })),
  claims('odd URIs', () => ({ sans: ['http://[::1]:80/a?b#c', 'HTTP://Host/%41', 'a:', 'x://y z', 'https://h/ä'] })),
  claims('a name that is not ASCII', () => ({ sans: ['wäb.test'] })),
  claims('an odd email', () => ({ sans: ['a@b@c', '@', '"x y"@z'] })),
  // confirmation
  {
    name: 'token: bound to the request',
    body: (bench) => {
      const csr = bench.csr();
      return signBody({ csr, ott: bench.token({ cnf: { 'x5rt#S256': fingerprintOfPem(csr) } }) });
    },
  },
  claims('bound to another request', () => ({ cnf: { 'x5rt#S256': 'abc' } })),
  claims('an empty binding', () => ({ cnf: {} })),
  claims('a binding that is null', () => ({ cnf: null })),
  claims('a binding with an empty value', () => ({ cnf: { 'x5rt#S256': '' } })),
  claims('user and step claims', () => ({ user: { a: 1 }, step: {} })),
  // request against token
  names('CSR with another case', { sans: ['WEB.test'] }, {}),
  names('CSR common name with another case', { commonName: 'WEB.test' }, {}),
  names(
    'CSR common name is one of the names',
    { commonName: 'b.test', sans: ['web.test', 'b.test'] },
    { sans: ['web.test', 'b.test'] },
  ),
  names('CSR common name empty', { commonName: '' }, {}),
  names('names in another order and twice', { sans: ['b.test', 'a.test', 'b.test'] }, { sans: ['a.test', 'b.test'] }),
  names('CSR with an email the token lacks', { sans: ['web.test', 'a@b.test'] }, {}),
  names('CSR with another email', { sans: ['c@b.test'] }, { sans: ['a@b.test'] }),
  names('CSR with an IP the token lacks', { sans: ['web.test', '10.0.0.1'] }, {}),
  names('IPv6 in another spelling', { sans: ['0:0:0:0:0:0:0:1'] }, { sans: ['::1'] }),
  names('IPv6 that differs', { sans: ['::2', '10.0.0.1'] }, { sans: ['::1', '10.0.0.1'] }),
  names('URI that differs', { sans: ['https://x.test/a'] }, { sans: ['https://x.test/b', 'urn:q'] }),
  names('URI in another case', { sans: ['https://X.test/a'] }, { sans: ['https://x.test/a'] }),
  names('DNS and IP wrong: DNS is said first', { sans: ['no.test', '10.0.0.2'] }, { sans: ['web.test', '10.0.0.1'] }),
  names(
    'email and IP wrong: email is said first',
    { sans: ['x@no.test', '10.0.0.2'] },
    { sans: ['a@b.test', '10.0.0.1'] },
  ),
  names(
    'common name and names wrong: the common name is said first',
    { commonName: 'no', sans: ['no.test'] },
    { sans: ['a', ''] },
  ),
  names('names of another token kind', { sans: ['web.test'] }, { sans: ['10.0.0.1'] }),
  // validity
  ...[
    '1h',
    '4m',
    '3m59s',
    '24h',
    '24h0m1s',
    '1.5h',
    '90m',
    '-10m',
    '0s',
    '1d',
    '1',
    '',
    'x',
    '1h-1m',
    '+1h',
    '.5h',
    '9999999h',
  ].map((notAfter) => members(`notAfter ${JSON.stringify(notAfter)}`, { notAfter })),
  ...['10m', '-10m', '-24h', '0s', '1s', '48h', 'x'].map((notBefore) =>
    members(`notBefore ${notBefore}`, { notBefore }),
  ),
  members('notBefore and notAfter', { notBefore: '1h', notAfter: '5m' }),
  members('notBefore and notAfter too short', { notBefore: '1h', notAfter: '4m' }),
  members('both negative', { notBefore: '-2h', notAfter: '10m' }),
  members('notAfter true', { notAfter: true }),
  members('notBefore list', { notBefore: [] }),
  members('time without zone', { notAfter: '2030-01-01T00:00:00' }),
  members('time far away', { notAfter: '2030-01-01T00:00:00Z' }),
  members('time with offset', { notAfter: '2010-01-01T00:00:00+02:00' }),
  members('time in lower case', { notAfter: '2010-01-01t00:00:00z' }),
  members('day that is not there', { notAfter: '2031-02-30T00:00:00Z' }),
  members('hour 24', { notAfter: '2031-02-03T24:00:00Z' }),
  members('fractional seconds', { notBefore: '2010-01-01T00:00:00.123456789Z', notAfter: '2010-01-01T00:30:00.5Z' }),
  // bodies
  members('unknown members', { x: 1, templateData: { a: [1] } }),
  members('templateData null', { templateData: null }),
  members('ott null', { ott: null }),
  members('ott a number', { ott: 5 }),
  members('csr a number', { csr: 5 }),
  members('csr null', { csr: null }),
  members('csr empty', { csr: '' }),
  members('csr the text null', { csr: 'null' }),
  members('csr twice in two cases', { CSR: '' }),
  raw('empty', () => ''),
  raw('white space', () => ' \n\t'),
  raw('a list', () => '[]'),
  raw('a text', () => '"x"'),
  raw('true', () => 'true'),
  raw('null and more', () => 'null x'),
  raw('a number', () => '12'),
  raw('an object without end', () => '{"csr":"'),
  raw('bytes that are no UTF-8', () => Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d])),
  raw('a byte order mark', () => '\ufeff{}'),
  raw('a trailing comma', () => '{"csr":"",}'),
  raw('single quotes', () => "{'csr':''}"),
  raw('a duplicate member', (bench) => `{"ott":"","csr":${JSON.stringify(bench.csr())},"ott":"x"}`),
  raw('two values', (bench) => `{"csr":${JSON.stringify(bench.csr())},"ott":"${bench.token()}"}{"csr":1}`),
  raw('text before the PEM', (bench) => signBody({ csr: `hello\n${bench.csr()}`, ott: bench.token() })),
  raw('another PEM label', (bench) =>
    signBody({ csr: bench.csr().replaceAll('CERTIFICATE REQUEST', 'X'), ott: bench.token() }),
  ),
  raw('NEW CERTIFICATE REQUEST', (bench) =>
    signBody({ csr: bench.csr().replaceAll('CERTIFICATE REQUEST', 'NEW CERTIFICATE REQUEST'), ott: bench.token() }),
  ),
  raw('two PEM blocks', (bench) => signBody({ csr: bench.csr() + bench.csr(), ott: bench.token() })),
  raw('PEM with CRLF', (bench) => signBody({ csr: bench.csr().replaceAll('\n', '\r\n'), ott: bench.token() })),
  raw('PEM without line breaks inside', (bench) =>
    signBody({
      csr: bench.csr().replace(/-----\n([\s\S]+)\n-----/, (_all, text) => `-----\n${text.replaceAll('\n', '')}\n-----`),
      ott: bench.token(),
    }),
  ),
  raw('base64 without PEM', (bench) =>
    signBody({ csr: bench.csr().replace(/-----[^-]+-----/g, ''), ott: bench.token() }),
  ),
  raw('token with spaces around', (bench) => signBody({ csr: bench.csr(), ott: ` ${bench.token()} ` })),
  raw('token cut short', (bench) => signBody({ csr: bench.csr(), ott: bench.token().slice(0, -5) })),
  raw('token with padding', (bench) => signBody({ csr: bench.csr(), ott: `${bench.token()}==` })),
  raw('token of two parts', (bench) =>
    signBody({ csr: bench.csr(), ott: bench.token().split('.').slice(0, 2).join('.') }),
  ),
  raw('token with claims that are no JSON', (bench) =>
    signBody({ csr: bench.csr(), ott: 'eyJhbGciOiJFUzI1NiJ9.e30x.AA' }),
  ),
  // keys
  ...(['EC-P384', 'EC-P521', 'RSA-1024', 'RSA-2048', 'Ed25519'] as const).map((spec) => ({
    name: `key: ${spec}`,
    body: async (bench: Workbench) =>
      signBody({ csr: bench.csr({ key: await bench.keyOf(spec) }), ott: bench.token() }),
  })),
  // other routes
  ...[
    '/',
    '/1.0',
    '/1.0/',
    '/2.0/health',
    '/1.0/1.0/health',
    '//health',
    '/HEALTH',
    '/health?x=1',
    '/root',
    '/root/',
    '/root/a/b',
  ].map((path) => get(path)),
  ...[
    '/provisioners?limit=',
    '/provisioners?limit=+1',
    '/provisioners?limit=1.5',
    '/provisioners?limit=0x1',
    '/provisioners?limit=99999999999999999999',
  ].map((path) => get(path)),
  ...[
    '/provisioners/x',
    '/provisioners//encrypted-key',
    '/provisioners/x/encrypted-key/',
    '/roots/',
    '/ssh',
    '/scep',
    '/crl?pem',
  ].map((path) => get(path)),
  ...['DELETE', 'PATCH', 'OPTIONS', 'PUT', 'HEAD'].map((method) => get('/sign', method)),
  ...['DELETE', 'PATCH', 'OPTIONS', 'PUT', 'POST', 'TRACE', 'PROPFIND'].map((method) => get('/1.0/version', method)),
  ...['HEAD'].flatMap((method) =>
    ['/roots.pem', '/nosuch', '/provisioners', '/root/abc'].map((path) => get(path, method)),
  ),
  ...['/ssh/renew', '/ssh/rekey', '/ssh/revoke', '/ssh/sign', '/sign-ssh'].map((path) => raw('{}', () => '{}', path)),
  raw('no body', () => '', '/ssh/sign'),
  raw('{}', () => '{}', '/renew'),
  raw('{}', () => '{}', '/rekey'),
  raw('not JSON', () => 'x', '/rekey'),
  { name: 'renew: a basic credential', path: '/renew', headers: { Authorization: 'Basic x' }, body: () => '' },
  { name: 'renew: an empty bearer', path: '/renew', headers: { Authorization: 'Bearer ' }, body: () => '' },
  { name: 'renew: a bearer in the middle', path: '/renew', headers: { Authorization: 'x Bearer y' }, body: () => '' },
  {
    name: 'a body of another content type',
    headers: { 'Content-Type': 'text/html' },
    body: (bench) => signBody({ csr: bench.csr(), ott: bench.token() }),
  },
  {
    name: 'a content type that is none',
    headers: { 'Content-Type': ';;' },
    body: (bench) => signBody({ csr: bench.csr(), ott: bench.token() }),
  },
  // renewal
  renewal('as the CLI makes it', () => ({})),
  renewal('without an id', () => ({ jti: undefined })),
  renewal('without times', () => ({ exp: undefined, nbf: undefined, iat: undefined })),
  renewal('expired', (now) => ({ exp: now - 70 })),
  renewal('expired within the leeway', (now) => ({ exp: now - 50 })),
  renewal('not valid yet', (now) => ({ nbf: now + 70 })),
  renewal('issued in the future', (now) => ({ iat: now + 70 })),
  renewal('another subject', () => ({ sub: 'x' })),
  renewal('no subject', () => ({ sub: undefined })),
  renewal('another subject, of a leaf without a name', () => ({ sub: 'x' }), { commonName: '' }),
  renewal('issued by the provisioner', () => ({ iss: 'admin' })),
  renewal('issued by somebody', () => ({ iss: 'x' })),
  renewal('audience under /1.0, with a port', () => ({ aud: 'https://127.0.0.1:7/1.0/renew' })),
  renewal('audience of sign', () => ({ aud: 'https://localhost/sign' })),
  renewal('no audience', () => ({ aud: undefined })),
  renewal('subject and times wrong: the subject is said first', (now) => ({ sub: 'x', exp: now - 70 })),
  renewal('times and audience wrong: the times are said first', (now) => ({ exp: now - 70, aud: 'x' })),
  renewal('expired leaf', () => ({}), { startsInMs: -7_200_000, endsInMs: -3_600_000 }),
  renewal('leaf that is not valid yet', () => ({}), { startsInMs: 600_000, endsInMs: 7_200_000 }),
  renewal('leaf of a provisioner that is not here', () => ({}), { provisioner: 'gone' }),
  renewal('leaf without provisioner', () => ({}), { provisioner: null }),
  renewal('leaf for servers only', () => ({}), { extendedKeyUsage: ['1.3.6.1.5.5.7.3.1'] }),
  renewal(
    'leaf alone',
    () => ({}),
    {},
    (_bench, { certificate }) => ({ chain: [certificate] }),
  ),
  renewal(
    'no certificates',
    () => ({}),
    {},
    () => ({ chain: [] }),
  ),
  renewal(
    'x5c',
    () => ({}),
    {},
    () => ({ headerName: 'x5c' }),
  ),
  renewal(
    'signed by another key',
    () => ({}),
    {},
    (bench) => ({ key: bench.key.key }),
  ),
  mutual('of the provisioner', {}),
  mutual('of a provisioner that is not here', { provisioner: 'gone' }),
  mutual('without provisioner', { provisioner: null }),
  mutual('without a name', { commonName: '' }),
  mutual('rekey', {}, '/rekey', (bench) => JSON.stringify({ csr: bench.csr({ commonName: 'other.test' }) })),
  mutual('rekey without provisioner', { provisioner: null }, '/rekey', (bench) => JSON.stringify({ csr: bench.csr() })),
  mutual('rekey without body', {}, '/rekey'),
  mutual('another serial to revoke', {}, '/revoke', () => JSON.stringify({ serial: '12', passive: true })),
  // revoke
  ...[
    'zz',
    '-5',
    '+7',
    '0',
    '00',
    '08',
    '0b11',
    '0o17',
    '0x',
    '0xFF',
    '1_000',
    '_1',
    '1__0',
    ' 1',
    '1.0',
    '1e3',
    '0X1f',
    '0_7',
  ].map((serial) => raw(`serial ${serial}`, () => signBody({ serial, passive: true }), '/revoke')),
  ...[-1, 0, 7, 10, 11, 1.5, '1', null].map((reasonCode) =>
    raw(`reason ${JSON.stringify(reasonCode)}`, () => signBody({ serial: '5', passive: true, reasonCode }), '/revoke'),
  ),
  raw('passive as text', () => signBody({ serial: '5', passive: 'true' }), '/revoke'),
  raw('serial as a number', () => signBody({ serial: 5, passive: true }), '/revoke'),
  {
    name: 'revoke: with a sign token',
    path: '/revoke',
    body: (bench) => signBody({ serial: '5', passive: true, ott: bench.token({ sub: '5' }) }),
  },
  {
    name: 'revoke: with the legacy audience',
    path: '/revoke',
    body: (bench) =>
      signBody({ serial: '5', passive: true, ott: bench.token({ sub: '5', aud: 'step-certificate-authority' }) }),
  },
  {
    name: 'revoke: again',
    path: '/revoke',
    body: (bench) =>
      signBody({ serial: '0x5', passive: true, ott: bench.token({ sub: '5', aud: 'https://localhost/revoke' }) }),
  },
  {
    name: 'revoke: an unknown negative serial',
    path: '/revoke',
    body: (bench) =>
      signBody({ serial: '-9', passive: true, ott: bench.token({ sub: '-9', aud: 'https://localhost/revoke' }) }),
  },
];
