/**
 * Tokens that somebody without the provisioner's key might try: other algorithms, keys brought along, headers that
 * promise what is not so, signatures bent out of shape. The classes are those of the known attacks on JOSE libraries
 * (RFC 8725) and of test vectors for ECDSA.
 */
import { createHmac, createPublicKey, type KeyObject, sign } from 'node:crypto';
import { encodeBase64url } from '../../../lib/encoding/index.ts';
import type { Question } from './questions.ts';
import type { Workbench } from './workbench.ts';

/** Order of the group of P-256 (SEC 2, 2.4.2). */
const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;

type Forgery = {
  /** Text of the header; by default JSON of `header`. */
  readonly headerText?: string;
  readonly header?: Record<string, unknown>;
  readonly claimsText?: (claims: string) => string;
  readonly signature?: (input: Buffer, key: KeyObject) => Uint8Array | Promise<Uint8Array>;
};

const good = (input: Buffer, key: KeyObject): Buffer => sign('sha256', input, { key, dsaEncoding: 'ieee-p1363' });

/** A sign request whose token is put together by hand. */
const forged = (name: string, make: (bench: Workbench) => Promise<Forgery> | Forgery): Question => ({
  name: `forged token: ${name}`,
  body: async (bench) => {
    const { headerText, header = {}, claimsText = (claims) => claims, signature = good } = await make(bench);
    const head = headerText ?? JSON.stringify({ alg: 'ES256', kid: bench.key.kid, typ: 'JWT', ...header });
    const claims = claimsText(Buffer.from(bench.token().split('.')[1] ?? '', 'base64url').toString());
    const input = `${encodeBase64url(head)}.${encodeBase64url(claims)}`;
    const ott = `${input}.${encodeBase64url(await signature(Buffer.from(input), bench.key.key))}`;
    return JSON.stringify({ csr: bench.csr({ sans: [] }), ott });
  },
});

const withHeader = (name: string, header: Record<string, unknown>): Question => forged(name, () => ({ header }));

/** r and s of a good signature, changed. */
const bent = (name: string, change: (r: bigint, s: bigint) => readonly [bigint, bigint]): Question =>
  forged(name, () => ({
    signature: (input, key) => {
      const signature = good(input, key).toString('hex');
      const [r, s] = change(BigInt(`0x${signature.slice(0, 64)}`), BigInt(`0x${signature.slice(64)}`));
      return Buffer.from(r.toString(16).padStart(64, '0') + s.toString(16).padStart(64, '0'), 'hex');
    },
  }));

const publicForms = (key: KeyObject): Record<string, string | Buffer> => ({
  PEM: createPublicKey(key).export({ type: 'spki', format: 'pem' }),
  DER: createPublicKey(key).export({ type: 'spki', format: 'der' }),
  'its x': Buffer.from(String(createPublicKey(key).export({ format: 'jwk' }).x), 'base64url'),
  nothing: '',
});

export const forgedTokens: readonly Question[] = [
  // no signature at all
  ...['none', 'None', 'NONE', 'nOnE', ''].map((alg) =>
    forged(`alg ${JSON.stringify(alg)} and no signature`, () => ({
      header: { alg },
      signature: () => Buffer.alloc(0),
    })),
  ),
  forged('alg none with a good signature', () => ({ header: { alg: 'none' } })),
  forged('no signature', () => ({ signature: () => Buffer.alloc(0) })),
  // the public key as a secret
  ...['PEM', 'DER', 'its x', 'nothing'].flatMap((form) =>
    ['HS256', 'HS384', 'HS512'].map((alg) =>
      forged(`${alg} keyed with the public key as ${form}`, () => ({
        header: { alg },
        signature: (input, key) =>
          createHmac(`sha${alg.slice(2)}`, publicForms(key)[form] ?? '')
            .update(input)
            .digest(),
      })),
    ),
  ),
  // another algorithm than the key's
  ...['ES384', 'ES512', 'ES256K', 'RS256', 'PS256', 'EdDSA', 'Ed25519', 'RSA1_5', 'es256', 'ES256 '].map((alg) =>
    withHeader(`alg ${JSON.stringify(alg)}`, { alg }),
  ),
  withHeader('alg as a number', { alg: 256 }),
  withHeader('alg as a list', { alg: ['ES256'] }),
  withHeader('alg null', { alg: null }),
  withHeader('no alg', { alg: undefined }),
  forged('another hash', () => ({
    signature: (input, key) => sign('sha384', input, { key, dsaEncoding: 'ieee-p1363' }),
  })),
  forged('alg ES384 and that hash', () => ({
    header: { alg: 'ES384' },
    signature: (input, key) => sign('sha384', input, { key, dsaEncoding: 'ieee-p1363' }),
  })),
  ...(['EC-P256', 'EC-P384', 'RSA-2048', 'Ed25519'] as const).map((spec) =>
    forged(`signed by another key, ${spec}`, async (bench) => {
      const own = await bench.keyOf(spec);
      const alg = { 'EC-P256': 'ES256', 'EC-P384': 'ES384', 'RSA-2048': 'RS256', Ed25519: 'EdDSA' }[spec];
      const hash = { 'EC-P256': 'sha256', 'EC-P384': 'sha384', 'RSA-2048': 'sha256', Ed25519: null }[spec];
      return { header: { alg }, signature: (input) => sign(hash, input, { key: own, dsaEncoding: 'ieee-p1363' }) };
    }),
  ),
  // keys brought along
  ...(['kid of the provisioner', 'kid of the key', 'no kid'] as const).map((kid) =>
    forged(`embedded jwk, ${kid}`, async (bench) => {
      const own = await bench.keyOf('EC-P256');
      const jwk = createPublicKey(own).export({ format: 'jwk' });
      const chosen = { 'kid of the provisioner': bench.key.kid, 'kid of the key': 'mine', 'no kid': undefined }[kid];
      return { header: { jwk, kid: chosen }, signature: (input) => good(input, own) };
    }),
  ),
  forged('embedded private jwk', async (bench) => {
    const own = await bench.keyOf('EC-P256');
    return { header: { jwk: own.export({ format: 'jwk' }) }, signature: (input) => good(input, own) };
  }),
  forged('x5c of a leaf of this CA', (bench) => {
    const { certificate, key } = bench.leaf();
    return { header: { x5c: [certificate.der.toString('base64')] }, signature: (input) => good(input, key) };
  }),
  withHeader('x5c that is no certificate', { x5c: ['AAAA'] }),
  withHeader('x5c that is a text', { x5c: 'AAAA' }),
  withHeader('jwk that is no key', { jwk: { kty: 'EC' } }),
  withHeader('jwk null', { jwk: null }),
  withHeader('jku', { jku: 'https://127.0.0.1:1/keys' }),
  withHeader('x5u', { x5u: 'https://127.0.0.1:1/chain' }),
  // key ids
  ...['', '../../etc/passwd', "' OR 1=1", 'admin', '\u0000', 'a'.repeat(10_000)].map((kid, index) =>
    withHeader(`kid ${index}: ${JSON.stringify(kid.slice(0, 20))}`, { kid }),
  ),
  forged('kid null', () => ({ header: { kid: null } })),
  withHeader('kid as a number', { kid: 1 }),
  withHeader('kid as a list', { kid: ['x'] }),
  // header extensions
  withHeader('b64 false and critical', { b64: false, crit: ['b64'] }),
  withHeader('b64 true and critical', { b64: true, crit: ['b64'] }),
  withHeader('b64 false', { b64: false }),
  withHeader('empty crit', { crit: [] }),
  withHeader('crit of a registered header', { crit: ['alg'] }),
  withHeader('crit of a claim', { crit: ['exp'], exp: 1 }),
  withHeader('crit as a text', { crit: 'b64' }),
  withHeader('crit null', { crit: null }),
  withHeader('compressed', { zip: 'DEF' }),
  withHeader('cty JWT', { cty: 'JWT' }),
  withHeader('typ of an access token', { typ: 'at+jwt' }),
  withHeader('typ as a number', { typ: 5 }),
  withHeader('nonce', { nonce: 'x' }),
  // JSON
  forged('alg twice, the good one last', (bench) => ({
    headerText: `{"alg":"none","kid":${JSON.stringify(bench.key.kid)},"alg":"ES256"}`,
  })),
  forged('alg twice, the good one first', (bench) => ({
    headerText: `{"alg":"ES256","kid":${JSON.stringify(bench.key.kid)},"alg":"none"}`,
  })),
  forged('ALG in capitals', (bench) => ({ headerText: JSON.stringify({ ALG: 'ES256', kid: bench.key.kid }) })),
  forged('alg in both cases', (bench) => ({
    headerText: JSON.stringify({ alg: 'ES256', ALG: 'none', kid: bench.key.kid }),
  })),
  forged('a subject in two cases', () => ({ claimsText: (claims) => claims.replace('{', '{"SUB":"evil.test",') })),
  forged('a subject twice', () => ({ claimsText: (claims) => claims.replace('{', '{"sub":"evil.test",') })),
  forged('names twice, the good ones first', () => ({
    claimsText: (claims) => claims.replace(/}$/, ',"sans":["evil.test"]}'),
  })),
  forged('white space in the JSON', () => ({ claimsText: (claims) => `  ${claims}\n` })),
  forged('bytes after the JSON', () => ({ claimsText: (claims) => `${claims}x` })),
  forged('two JSON values', () => ({ claimsText: (claims) => `${claims}{}` })),
  ...['[]', 'null', '"x"', '1', 'true', ''].map((text) =>
    forged(`claims ${JSON.stringify(text)}`, () => ({ claimsText: () => text })),
  ),
  ...['[]', 'null', '"x"', '1', ''].map((headerText) =>
    forged(`header ${JSON.stringify(headerText)}`, () => ({ headerText })),
  ),
  forged('an end of 1e400', () => ({ claimsText: (claims) => claims.replace(/"exp":\d+/, '"exp":1e400') })),
  forged('an end of -1', () => ({ claimsText: (claims) => claims.replace(/"exp":\d+/, '"exp":-1') })),
  forged('a start of 1e30', () => ({ claimsText: (claims) => claims.replace(/"nbf":\d+/, '"nbf":1e30') })),
  // signatures
  bent('the other s of the same signature', (r, s) => [r, order - s]),
  bent('r zero', (_r, s) => [0n, s]),
  bent('s zero', (r) => [r, 0n]),
  bent('both zero', () => [0n, 0n]),
  bent('both one', () => [1n, 1n]),
  bent('r the order', (_r, s) => [order, s]),
  bent('s the order', (r) => [r, order]),
  bent('both the order', () => [order, order]),
  bent('r and s swapped', (r, s) => [s, r]),
  bent('s and the order', (r, s) => [r, (s + order) % 2n ** 256n]),
  forged('in DER', () => ({ signature: (input, key) => sign('sha256', input, key) })),
  forged('a byte short', () => ({ signature: (input, key) => good(input, key).subarray(0, 63) })),
  forged('a byte long', () => ({ signature: (input, key) => Buffer.concat([good(input, key), Buffer.alloc(1)]) })),
  forged('a zero byte before r and s', () => ({
    signature: (input, key) => {
      const signature = good(input, key);
      return Buffer.concat([Buffer.alloc(1), signature.subarray(0, 32), Buffer.alloc(1), signature.subarray(32)]);
    },
  })),
  forged('half of it', () => ({ signature: (input, key) => good(input, key).subarray(0, 32) })),
  forged('a bit turned', () => ({
    signature: (input, key) => {
      const signature = good(input, key);
      signature[40] = (signature[40] ?? 0) ^ 1;
      return signature;
    },
  })),
  // other shapes
  {
    name: 'forged token: JSON serialization',
    body: (bench) => {
      const [head, payload, signature] = bench.token().split('.');
      const ott = JSON.stringify({ payload, protected: head, signature });
      return JSON.stringify({ csr: bench.csr(), ott });
    },
  },
  {
    name: 'forged token: JSON serialization with two signatures',
    body: (bench) => {
      const [head, payload, signature] = bench.token().split('.');
      const ott = JSON.stringify({
        payload,
        signatures: [
          { protected: head, signature },
          { protected: head, signature },
        ],
      });
      return JSON.stringify({ csr: bench.csr(), ott });
    },
  },
  {
    name: 'forged token: five parts',
    body: (bench) => JSON.stringify({ csr: bench.csr(), ott: `${bench.token()}.AA.AA` }),
  },
  {
    name: 'forged token: dots alone',
    body: (bench) => JSON.stringify({ csr: bench.csr(), ott: '..' }),
  },
  {
    name: 'forged token: standard base64',
    body: (bench) =>
      JSON.stringify({
        csr: bench.csr(),
        ott: bench.token().replaceAll('-', '+').replaceAll('_', '/').replace('eyJ', 'ey/'),
      }),
  },
];
