import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readToken } from './one-time-token.ts';

const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
const token = (claims: unknown): string => `${part({ alg: 'ES256' })}.${part(claims)}.c2ln`;

describe('readToken', () => {
  it('takes what the client needs', () => {
    const claims = { sub: 'web', sans: ['web', 'w'], sha: 'ab', aud: 'https://ca.test:9000/1.0/sign' };
    const { caUrl, ...rest } = readToken(`${token(claims)}\n`);
    assert.equal(caUrl?.origin, 'https://ca.test:9000');
    assert.deepEqual(rest, { subject: 'web', sans: ['web', 'w'], rootFingerprint: 'ab' });
  });
  it('takes the first of several audiences, and none that is no address', () => {
    assert.equal(readToken(token({ sub: 'a', aud: ['https://x/', 'https://y/'] })).caUrl?.host, 'x');
    assert.equal(readToken(token({ sub: 'a', aud: 'step' })).caUrl, undefined);
  });
  it('refuses a token without a subject', () =>
    assert.throws(() => readToken(token({})), { code: 'ERR_CLI_TOKEN', message: /names no subject/ }));
  for (const text of ['', 'a', 'a.b', 'a.b.c', `${part([])}.${part([])}.`]) {
    it(`refuses "${text}" without repeating it`, () =>
      assert.throws(
        () => readToken(text),
        (error: Error & { code?: string }) => {
          assert.equal(error.code, 'ERR_CLI_TOKEN');
          if (text.length > 1) assert.ok(!error.message.includes(text));
          assert.equal(error.cause, undefined);
          return true;
        },
      ));
  }
});
