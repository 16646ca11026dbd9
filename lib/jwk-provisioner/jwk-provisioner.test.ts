import assert from 'node:assert/strict';
import { createHash, createPublicKey } from 'node:crypto';
import { describe, it } from 'node:test';
import { CompactEncrypt, calculateJwkThumbprint, jwtVerify } from 'jose';
import type { KeySpec } from '../crypto/index.ts';
import { decodeJwt } from '../jwt/index.ts';
import {
  createOneTimeToken,
  decryptProvisionerKey,
  encryptProvisionerKey,
  generateProvisionerKey,
  importProvisionerJwk,
  jwkThumbprint,
  type ProvisionerKey,
  tokenAudience,
} from './index.ts';

/** Made by `step crypto jwk create` 0.30.2 and joined to its compact form; the password is `test-only`. */
const stepJwe =
  'eyJhbGciOiJQQkVTMi1IUzI1NitBMTI4S1ciLCJjdHkiOiJqd2sranNvbiIsImVuYyI6IkEyNTZHQ00iLCJwMmMiOjYwMDAwMCwicDJzIjoiUk5PT284LWtzY1lVUjRnSEdtaDlvQSJ9.TAnccZJmkxTTRqiafBhG69-4G_BVWsGjNrEITUu0enQo_7C0J3HZnA.dRVKvIXbWMN7i2wt.XkzmO8n_RoAUBQp1KA59el3PbR47AKKkPtR_Fa_gByK5Tr0PyegkhalUqYPYciSz-WCKfy_CVHwdWh10blsfmatEeHQ8SIyc4dtXDLFONdsh8HDiVO0Vdu41-zcIaScx53Z9yTipmGjrU3uP7qQMr8pACLpKQTD1W4M_bkOEUA85sbtcTjuNt3GC4i7L5m6NVR6bO9xv6v1FccydMlSvaUgeD7EHso0GkSG589NKJiUq1zeobehgrG5xKxBwbDchlyuSJE77ZNaNzKpaC-asY4kGnFNXkDbyPfsTnjrvTrM6GgKsWAVjAudfM3HNxO9luGch0FOPAZMbNKPxLDM.Y6PHstZCNW0yDBeR0U7uBg';
const stepKid = 'dwGuWeeQA5UIFtbYwau9kS-N95h49cvhu1Hf_pnchx4';

describe('a provisioner key', () => {
  for (const spec of ['EC-P256', 'EC-P384', 'EC-P521', 'RSA-2048', 'Ed25519'] satisfies KeySpec[]) {
    it(`is named by its RFC 7638 thumbprint: ${spec}`, async () => {
      const { kid, publicJwk, key } = await generateProvisionerKey(spec);
      assert.equal(kid, await calculateJwkThumbprint(publicJwk));
      assert.equal(jwkThumbprint(createPublicKey(key)), kid);
    });
  }

  it('has a public JWK with step’s members in step’s order', async () => {
    const { publicJwk } = await generateProvisionerKey();
    assert.deepEqual(Object.keys(publicJwk), ['use', 'kty', 'kid', 'crv', 'alg', 'x', 'y']);
    const rsa = await generateProvisionerKey('RSA-2048');
    assert.deepEqual(Object.keys(rsa.publicJwk), ['use', 'kty', 'kid', 'alg', 'n', 'e']);
  });

  const refused: Record<string, unknown> = {
    null: null,
    'a text': 'EC',
    'a public key': { kty: 'EC', crv: 'P-256', x: 'AA', y: 'AA' },
    'a symmetric key': { kty: 'oct', k: 'c2VjcmV0LXNlY3JldC1zZWNyZXQ' },
  };
  for (const [name, jwk] of Object.entries(refused)) {
    it(`is not made from ${name}`, () =>
      assert.throws(
        () => importProvisionerJwk(jwk),
        (error: Error & { code?: string }) => {
          assert.equal(error.code, 'ERR_PROVISIONER_KEY');
          assert.ok(!error.message.includes('c2VjcmV0'));
          return true;
        },
      ));
  }
});

describe('the encrypted provisioner key', () => {
  it('opens what the step CLI wrote', async () => {
    const opened = await decryptProvisionerKey(stepJwe, 'test-only');
    assert.equal(opened.kid, stepKid);
    assert.equal(jwkThumbprint(opened.key), stepKid);
    assert.equal(opened.alg, 'ES256');
  });

  it('is read back to the same key', async () => {
    for (const spec of ['EC-P256', 'RSA-2048', 'Ed25519'] satisfies KeySpec[]) {
      const key = await generateProvisionerKey(spec);
      const opened = await decryptProvisionerKey(await encryptProvisionerKey(key, 'pä', { rounds: 1000 }), 'pä');
      assert.deepEqual(opened.publicJwk, key.publicJwk);
      assert.ok(opened.key.equals(key.key));
    }
  });

  it('is written with step’s algorithms and 600 000 rounds', async () => {
    const jwe = await encryptProvisionerKey(await generateProvisionerKey(), 'pw');
    const { p2s, ...header } = JSON.parse(Buffer.from(jwe.split('.')[0] ?? '', 'base64url').toString());
    assert.deepEqual(header, { alg: 'PBES2-HS256+A128KW', cty: 'jwk+json', enc: 'A256GCM', p2c: 600_000 });
    assert.equal(Buffer.from(p2s, 'base64url').length, 16);
  });

  it('stays shut to a wrong password', async () => {
    await assert.rejects(decryptProvisionerKey(stepJwe, 'wrong'), { code: 'ERR_PROVISIONER_PASSWORD' });
  });

  it('is refused when it asks for more rounds than can be honest', async () => {
    const [, ...rest] = stepJwe.split('.');
    const header = {
      alg: 'PBES2-HS256+A128KW',
      cty: 'jwk+json',
      enc: 'A256GCM',
      p2c: 2_000_000_000,
      p2s: 'AAAAAAAAAAA',
    };
    const jwe = [Buffer.from(JSON.stringify(header)).toString('base64url'), ...rest].join('.');
    await assert.rejects(decryptProvisionerKey(jwe, 'test-only'), { code: 'ERR_PROVISIONER_KEY' });
  });

  it('is refused when it is no JWE, of another kind, or holds no key', async () => {
    const secret = 'not the key';
    const text = await new CompactEncrypt(Buffer.from(secret))
      .setProtectedHeader({ alg: 'PBES2-HS256+A128KW', enc: 'A256GCM' })
      .setKeyManagementParameters({ p2c: 1000 })
      .encrypt(Buffer.from('pw'));
    const direct = await new CompactEncrypt(Buffer.from('{}'))
      .setProtectedHeader({ alg: 'dir', enc: 'A128GCM' })
      .encrypt(new Uint8Array(16));
    for (const jwe of ['', 'a.b.c.d.e', text, direct, stepJwe.replaceAll('.', '..')]) {
      await assert.rejects(decryptProvisionerKey(jwe, 'pw'), (error: Error & { code?: string }) => {
        assert.equal(error.code, 'ERR_PROVISIONER_KEY');
        assert.ok(!error.message.includes(secret) && error.cause === undefined);
        return true;
      });
    }
  });
});

describe('createOneTimeToken', () => {
  const now = Date.UTC(2026, 10, 23, 5, 28, 45, 678);
  const request = { issuer: 'admin', audience: tokenAudience('https://ca.test:9443', 'sign'), subject: 'web', now };
  const claimsOf = (key: ProvisionerKey, more: object) =>
    decodeJwt(createOneTimeToken(key, { ...request, ...more })).claims;

  it('has the header and claims of the step CLI', async () => {
    const key = await generateProvisionerKey();
    const token = createOneTimeToken(key, { ...request, sans: ['web', '10.0.0.1'], rootFingerprint: 'ab'.repeat(32) });
    const { payload, protectedHeader } = await jwtVerify(token, createPublicKey(key.key), {
      currentDate: new Date(now),
    });
    assert.deepEqual(protectedHeader, { alg: 'ES256', kid: key.kid, typ: 'JWT' });
    const { jti, ...claims } = payload;
    assert.match(jti ?? '', /^[0-9a-f]{64}$/);
    assert.deepEqual(claims, {
      aud: 'https://ca.test:9443/1.0/sign',
      exp: 1795412025,
      iat: 1795411725,
      iss: 'admin',
      nbf: 1795411725,
      sans: ['web', '10.0.0.1'],
      sha: 'ab'.repeat(32),
      sub: 'web',
    });
  });

  it('never gives two tokens one id', async () => {
    const key = await generateProvisionerKey();
    assert.notEqual(claimsOf(key, {}).jti, claimsOf(key, {}).jti);
  });

  it('names the subject when no names are given, and no names for a revocation', async () => {
    const key = await generateProvisionerKey();
    assert.deepEqual(claimsOf(key, { sans: [] }).sans, ['web']);
    assert.ok(!('sans' in claimsOf(key, { audience: tokenAudience('https://ca.test', 'revoke') })));
  });

  it('binds itself to a request by its SHA-256', async () => {
    const csrDer = Buffer.from('any request');
    const { cnf } = claimsOf(await generateProvisionerKey(), { csrDer });
    assert.deepEqual(cnf, { 'x5rt#S256': createHash('sha256').update(csrDer).digest('base64url') });
  });

  it('counts its lifetime from a later start', async () => {
    const { nbf, exp, iat } = claimsOf(await generateProvisionerKey(), { notBefore: now + 60_000, lifetimeMs: 30_000 });
    assert.deepEqual([iat, nbf, exp], [1795411725, 1795411785, 1795411815]);
  });

  it('lets no extra claim replace its own', async () => {
    const { sub, user } = claimsOf(await generateProvisionerKey(), { extra: { sub: 'root', user: {} } });
    assert.deepEqual([sub, user], ['web', {}]);
  });

  it('drops the path of a CA address and keeps its port', () => {
    assert.equal(tokenAudience('https://ca.test:8443/some/path?x', 'revoke'), 'https://ca.test:8443/1.0/revoke');
    assert.equal(tokenAudience('https://[::1]:9000', 'sign'), 'https://[::1]:9000/1.0/sign');
    assert.equal(tokenAudience('https://ca.test:443', 'sign'), 'https://ca.test/1.0/sign');
  });
});
