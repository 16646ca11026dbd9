import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AppError, type ErrorKind } from '../../lib/errors/index.ts';
import { renderError, renderStatus } from './render-error.ts';

const seeLogs = 'Please see the certificate authority logs for more info.';

describe('renderError', () => {
  const kinds: Record<ErrorKind, [number, string]> = {
    invalid: [400, 'The request could not be completed: detail.'],
    unauthenticated: [401, `The request lacked necessary authorization to be completed. ${seeLogs}`],
    forbidden: [403, 'The request was forbidden by the certificate authority: detail.'],
    'not-found': [404, `The requested resource could not be found. ${seeLogs}`],
    conflict: [409, `The certificate authority received an unexpected HTTP status code - '409'. ${seeLogs}`],
    'rate-limited': [429, `The certificate authority received an unexpected HTTP status code - '429'. ${seeLogs}`],
    unavailable: [503, `The certificate authority received an unexpected HTTP status code - '503'. ${seeLogs}`],
    internal: [500, `The certificate authority encountered an Internal Server Error. ${seeLogs}`],
  };
  for (const [kind, [status, message]] of Object.entries(kinds)) {
    it(`renders ${kind}`, () =>
      assert.deepEqual(renderError(new AppError('ERR_X', kind as ErrorKind, 'detail')), {
        status,
        body: { status, message },
      }));
  }

  it('shows nothing of an error it does not know', () => {
    const { status, body } = renderError(new Error('secret detail'));
    assert.equal(status, 500);
    assert.doesNotMatch(JSON.stringify(body), /secret/);
  });

  const bare: [string, ErrorKind, number][] = [
    ['ERR_ROOT_UNKNOWN', 'not-found', 404],
    ['ERR_RENEW_TOKEN', 'unauthenticated', 401],
    ['ERR_NAME_CONSTRAINTS', 'forbidden', 403],
    ['ERR_PROVISIONER_DISABLED', 'unauthenticated', 401],
  ];
  for (const [code, kind, status] of bare) {
    it(`shows ${code} as it is`, () =>
      assert.deepEqual(renderError(new AppError(code, kind, 'detail')).body, { status, message: 'detail' }));
  }

  it('answers 501 for what is not offered', () => {
    assert.equal(renderError(new AppError('ERR_NOT_IMPLEMENTED', 'unavailable', 'x')).status, 501);
    assert.deepEqual(renderStatus(501).body, {
      status: 501,
      message: `The requested method is not implemented by the certificate authority. ${seeLogs}`,
    });
  });

  it('answers a wrong issuer of a renew token in the shape of the admin API', () => {
    const { body } = renderError(new AppError('ERR_RENEW_TOKEN_ISSUER', 'unauthenticated', 'm'));
    assert.deepEqual(body, { type: 'unauthorized', detail: 'unauthorized', message: 'm' });
  });
});
