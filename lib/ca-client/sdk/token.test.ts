import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { encodeBase64url } from '../../encoding/index.ts';
import { isAppError } from '../../errors/index.ts';
import { readToken } from './token.ts';

const sha = 'ab'.repeat(32);
const good = { aud: 'https://ca.example:9000/1.0/sign', sha, sub: 'web', sans: ['web', '10.0.0.1'] };
const token = (claims: unknown): string =>
  `${encodeBase64url('{"alg":"ES256"}')}.${encodeBase64url(JSON.stringify(claims))}.c2lnbmF0dXJl`;

describe('readToken', () => {
  it('reads where the CA is, which root it has, and the names', () => {
    const { caUrl, ...rest } = readToken(`${token(good)}\n`);
    assert.equal(caUrl.href, 'https://ca.example:9000/');
    assert.deepEqual(rest, { rootFingerprint: sha, subject: 'web', sans: good.sans });
  });
  it('takes the subject for the name where there are no others', () => {
    for (const sans of [undefined, [], [''], 'web', null]) {
      assert.deepEqual(readToken(token({ ...good, sans })).sans, ['web']);
    }
  });
  it('takes the first address of several audiences, and none when an address is given', () => {
    const { caUrl } = readToken(token({ ...good, aud: ['step-certificate-authority', 'https://a/sign', 'https://b'] }));
    assert.equal(caUrl.host, 'a');
    assert.equal(readToken(token({ ...good, aud: undefined }), 'other:1').caUrl.href, 'https://other:1/');
  });

  const refused: [string, unknown, string][] = [
    ['without a root', { ...good, sha: undefined }, 'ERR_SDK_TOKEN'],
    ['with a root that is no fingerprint', { ...good, sha: 'abc' }, 'ERR_FINGERPRINT_FORMAT'],
    ['without a subject', { ...good, sub: '' }, 'ERR_SDK_TOKEN'],
    ['without an address', { ...good, aud: 'step-certificate-authority' }, 'ERR_SDK_TOKEN'],
    ['with an address in clear', { ...good, aud: 'http://ca.example/sign' }, 'ERR_SDK_TOKEN'],
  ];
  for (const [name, claims, code] of refused) {
    it(`refuses one ${name}`, () => assert.throws(() => readToken(token(claims)), { code, kind: 'invalid' }));
  }

  it('refuses whatever is no token, and never repeats it', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string({ minLength: 20 }),
          fc.json().map((json) => token(json)),
        ),
        (text) => {
          try {
            readToken(text);
          } catch (error) {
            assert.ok(isAppError(error) && error.kind === 'invalid', String(error));
            assert.ok(!error.message.includes(text));
          }
        },
      ),
    );
  });
});
