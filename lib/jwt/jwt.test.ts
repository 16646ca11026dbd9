import assert from 'node:assert/strict';
import { createPublicKey, type KeyObject } from 'node:crypto';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { jwtVerify } from 'jose';
import { generatePrivateKey, type KeySpec } from '../crypto/index.ts';
import { encodeBase64url } from '../encoding/index.ts';
import { isAppError } from '../errors/index.ts';
import { decodeJwt, type JwtAlgorithm, signJwt } from './index.ts';

const rows: [KeySpec, JwtAlgorithm[]][] = [
  ['EC-P256', ['ES256']],
  ['EC-P384', ['ES384']],
  ['EC-P521', ['ES512']],
  ['RSA-2048', ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512']],
  ['Ed25519', ['EdDSA']],
];

describe('signJwt', () => {
  for (const [spec, algorithms] of rows) {
    it(`signs with ${spec} what jose verifies: ${algorithms.join(', ')}`, async () => {
      const key = await generatePrivateKey(spec);
      for (const alg of algorithms) await verifiesWithJose(key, alg);
    });
  }

  it('chooses the algorithm by the key and puts it first into the header', async () => {
    const token = signJwt({ header: { kid: 'a', typ: 'JWT' }, claims: { sub: 'x' }, key: await generatePrivateKey() });
    assert.equal(
      Buffer.from(token.split('.')[0] ?? '', 'base64url').toString(),
      '{"alg":"ES256","kid":"a","typ":"JWT"}',
    );
  });

  it('refuses an algorithm that is not the key’s', async () => {
    const key = await generatePrivateKey();
    for (const alg of ['ES384', 'RS256', 'EdDSA'] as const) {
      assert.throws(() => signJwt({ claims: {}, key, alg }), TypeError);
    }
  });

  it('keeps the header’s algorithm true to the signature', async () => {
    const token = signJwt({ header: { alg: 'none' }, claims: {}, key: await generatePrivateKey() });
    assert.equal(decodeJwt(token).header.alg, 'ES256');
  });
});

async function verifiesWithJose(key: KeyObject, alg: JwtAlgorithm): Promise<void> {
  const token = signJwt({ header: { typ: 'JWT' }, claims: { sub: 'web', sans: ['web', 'ü'] }, key, alg });
  const { payload, protectedHeader } = await jwtVerify(token, createPublicKey(key), { algorithms: [alg] });
  assert.deepEqual(payload, { sub: 'web', sans: ['web', 'ü'] });
  assert.deepEqual(decodeJwt(token), { header: protectedHeader, claims: payload });
}

describe('decodeJwt', () => {
  const object = encodeBase64url('{}');
  const bad = {
    'two parts': `${object}.${object}`,
    'four parts': `${object}.${object}.AA.AA`,
    'a header that is not base64url': `${object}=.${object}.AA`,
    'a signature with stray bits': `${object}.${object}.AB`,
    'claims that are no JSON': `${object}.${encodeBase64url('{')}.AA`,
    'claims that are an array': `${object}.${encodeBase64url('[]')}.AA`,
    'claims that are null': `${object}.${encodeBase64url('null')}.AA`,
    'claims that are not UTF-8': `${object}.${encodeBase64url(Buffer.from([0x22, 0xff, 0x22]))}.AA`,
    nothing: '',
  };
  for (const [name, token] of Object.entries(bad)) {
    it(`refuses ${name} without quoting it`, () => {
      assert.throws(
        () => decodeJwt(token),
        (error) => isAppError(error, 'ERR_JWT') && (token.length < 3 || !JSON.stringify(error).includes(token)),
      );
    });
  }

  it('answers any text with claims or ERR_JWT', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(fc.base64String()).map((parts) => parts.join('.')),
        ),
        (text) => {
          try {
            decodeJwt(text);
          } catch (error) {
            assert.ok(isAppError(error, 'ERR_JWT'), String(error));
          }
        },
      ),
    );
  });
});
