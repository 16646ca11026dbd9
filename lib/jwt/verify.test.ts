import assert from 'node:assert/strict';
import { createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { before, describe, it } from 'node:test';
import fc from 'fast-check';
import { compactVerify } from 'jose';
import { generatePrivateKey, type KeySpec } from '../crypto/index.ts';
import { decodeBase64url, encodeBase64url } from '../encoding/index.ts';
import {
  decodeJwt,
  findSignatureProblem,
  type JsonObject,
  type JwtAlgorithm,
  jwtAlgorithms,
  signJwt,
} from './index.ts';

const kinds: Readonly<Record<string, readonly JwtAlgorithm[]>> = {
  'EC-P256': ['ES256'],
  'EC-P384': ['ES384'],
  'EC-P521': ['ES512'],
  'RSA-2048': ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'],
  Ed25519: ['EdDSA'],
};
const keys = new Map<string, KeyObject>();
const privateKeyOf = (spec: string): KeyObject => keys.get(spec) ?? assert.fail(spec);

before(async () => {
  for (const spec of Object.keys(kinds)) keys.set(spec, await generatePrivateKey(spec as KeySpec));
});

type Verdicts = { readonly ours: boolean; readonly jose: boolean };

/** What we and jose make of the same token, key and list of algorithms. */
async function judge(
  token: string,
  privateKey: KeyObject,
  algorithms: readonly string[] = jwtAlgorithms,
): Promise<Verdicts> {
  const key = createPublicKey(privateKey);
  const jose = await compactVerify(token, key, { algorithms: [...algorithms] }).then(
    () => true,
    () => false,
  );
  const header = JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString()) as JsonObject;
  return { ours: findSignatureProblem(token, header, { key, algorithms }) === undefined, jose };
}

const refusedByBoth: Verdicts = { ours: false, jose: false };
const takenByBoth: Verdicts = { ours: true, jose: true };
const withSignature = (token: string, signature: Uint8Array): string =>
  `${token.slice(0, token.lastIndexOf('.'))}.${encodeBase64url(signature)}`;
const signatureOf = (token: string): Buffer => decodeBase64url(token.slice(token.lastIndexOf('.') + 1));

/** A token of ES256 whose header is as given, `alg` included. */
function signRaw(header: JsonObject, key: KeyObject): string {
  const input = `${encodeBase64url(JSON.stringify(header))}.${encodeBase64url('{"sub":"web"}')}`;
  return `${input}.${encodeBase64url(sign('sha256', Buffer.from(input), { key, dsaEncoding: 'ieee-p1363' }))}`;
}

describe('findSignatureProblem', () => {
  for (const [spec, algorithms] of Object.entries(kinds)) {
    for (const alg of algorithms) {
      it(`takes ${alg} of a ${spec} key, and of no other key or algorithm`, async () => {
        const token = signJwt({ claims: { sub: 'web' }, key: privateKeyOf(spec), alg });
        assert.deepEqual(await judge(token, privateKeyOf(spec)), takenByBoth);
        assert.deepEqual(await judge(token, await generatePrivateKey(spec as KeySpec)), refusedByBoth);
        const others = jwtAlgorithms.filter((other) => other !== alg);
        assert.deepEqual(await judge(token, privateKeyOf(spec), others), refusedByBoth);
        for (const other of Object.keys(kinds)) {
          if (other !== spec) assert.deepEqual(await judge(token, privateKeyOf(other)), refusedByBoth, other);
        }
      });
    }
  }

  it('judges any change of any signature as jose does (seed in the failure)', async () => {
    const tokens = Object.entries(kinds).flatMap(([spec, algorithms]) =>
      algorithms.map((alg) => ({ spec, token: signJwt({ claims: { sub: 'web' }, key: privateKeyOf(spec), alg }) })),
    );
    const change = fc.record({
      which: fc.nat(tokens.length - 1),
      at: fc.nat(511),
      xor: fc.integer({ min: 1, max: 255 }),
      cut: fc.nat(3),
      more: fc.uint8Array({ maxLength: 3 }),
      untouched: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(change, async ({ which, at, xor, cut, more, untouched }) => {
        const { spec, token } = tokens[which] ?? assert.fail();
        const bytes = Buffer.from(signatureOf(token));
        const index = at % bytes.length;
        if (!untouched) bytes[index] = (bytes[index] ?? 0) ^ xor;
        const changed = withSignature(token, Buffer.concat([bytes.subarray(0, bytes.length - cut), more]));
        const { ours, jose } = await judge(changed, privateKeyOf(spec));
        assert.equal(ours, jose);
        if (changed !== token) assert.equal(ours, false);
      }),
      { numRuns: 300 },
    );
  });

  it('takes ECDSA halves with leading zeros, and refuses halves out of range', async () => {
    const key = privateKeyOf('EC-P256');
    const order = BigInt('0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551');
    const wide = (value: bigint): Buffer => Buffer.from(value.toString(16).padStart(64, '0'), 'hex');
    let token = '';
    do token = signJwt({ claims: { sub: 'web', n: Math.random() }, key });
    while (signatureOf(token)[0] !== 0);
    assert.deepEqual(await judge(token, key), takenByBoth);
    const s = signatureOf(token).subarray(32);
    const rest = signatureOf(token).subarray(0, 32);
    for (const half of [wide(0n), wide(order), wide(order + 1n), Buffer.alloc(32, 0xff)]) {
      assert.deepEqual(await judge(withSignature(token, Buffer.concat([half, s])), key), refusedByBoth);
      assert.deepEqual(await judge(withSignature(token, Buffer.concat([rest, half])), key), refusedByBoth);
    }
    assert.deepEqual(await judge(withSignature(token, Buffer.alloc(64)), key), refusedByBoth);
  });

  it('refuses ECDSA in DER, which certificates have and tokens have not', async () => {
    const key = privateKeyOf('EC-P256');
    const token = signJwt({ claims: {}, key });
    const der = sign('sha256', Buffer.from(token.slice(0, token.lastIndexOf('.'))), key);
    assert.deepEqual(await judge(withSignature(token, der), key), refusedByBoth);
  });

  const headers: Record<string, [JsonObject, Verdicts]> = {
    'no algorithm': [{}, refusedByBoth],
    none: [{ alg: 'none' }, refusedByBoth],
    'an algorithm with a shared key': [{ alg: 'HS256' }, refusedByBoth],
    'an algorithm in lower case': [{ alg: 'es256' }, refusedByBoth],
    'a list of algorithms': [{ alg: ['ES256'] }, refusedByBoth],
    'a name of every object': [{ alg: 'constructor' }, refusedByBoth],
    'a key of its own, which does not count': [{ alg: 'ES256', jwk: { kty: 'oct' } }, takenByBoth],
    'b64 true and critical': [{ alg: 'ES256', b64: true, crit: ['b64'] }, takenByBoth],
    'b64 critical and absent': [{ alg: 'ES256', crit: ['b64'] }, refusedByBoth],
    'b64 that is no boolean': [{ alg: 'ES256', b64: 'true', crit: ['b64'] }, refusedByBoth],
    'an unknown critical member': [{ alg: 'ES256', x: 1, crit: ['x'] }, refusedByBoth],
    'one known and one unknown': [{ alg: 'ES256', x: 1, b64: true, crit: ['b64', 'x'] }, refusedByBoth],
    'an empty list': [{ alg: 'ES256', crit: [] }, refusedByBoth],
    'a critical text': [{ alg: 'ES256', crit: 'b64', b64: true }, refusedByBoth],
    'critical null': [{ alg: 'ES256', crit: null }, refusedByBoth],
  };
  for (const [name, [header, wanted]] of Object.entries(headers)) {
    it(`judges a header with ${name} as jose does`, async () => {
      const key = privateKeyOf('EC-P256');
      assert.deepEqual(await judge(signRaw(header, key), key), wanted);
    });
  }

  it('refuses b64 false also where jose would verify the payload as it stands', () => {
    const key = privateKeyOf('EC-P256');
    const token = signRaw({ alg: 'ES256', b64: false, crit: ['b64'] }, key);
    const header = decodeJwt(token).header;
    assert.ok(findSignatureProblem(token, header, { key: createPublicKey(key), algorithms: ['ES256'] }));
  });

  it('refuses an RSA key of 1024 bits (RFC 7518 3.3)', async () => {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 1024 });
    for (const alg of ['RS256', 'PS256'] as const) {
      assert.deepEqual(await judge(signJwt({ claims: {}, key: privateKey, alg }), privateKey), refusedByBoth);
    }
  });

  it('refuses stray bits and padding in the signature', async () => {
    const key = privateKeyOf('EC-P256');
    const token = signJwt({ claims: {}, key });
    const header = decodeJwt(token).header;
    const last = token.at(-1) ?? '';
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
    const sameBytes = alphabet[alphabet.indexOf(last) ^ 1] ?? '';
    for (const other of [`${token.slice(0, -1)}${sameBytes}`, `${token}==`]) {
      assert.ok(findSignatureProblem(other, header, { key: createPublicKey(key), algorithms: ['ES256'] }), other);
    }
  });

  it('never throws and never takes a token of any shape (seed in the failure)', () => {
    const key = createPublicKey(privateKeyOf('EC-P256'));
    const header = fc.dictionary(
      fc.constantFrom('alg', 'crit', 'b64', 'x'),
      fc.oneof(fc.constantFrom('ES256'), fc.json()),
    );
    fc.assert(
      fc.property(fc.string(), header, (token, members) => {
        assert.equal(typeof findSignatureProblem(token, members, { key, algorithms: jwtAlgorithms }), 'string');
      }),
    );
  });
});
