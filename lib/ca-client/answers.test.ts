import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { encodePem } from '../encoding/index.ts';
import { isAppError } from '../errors/index.ts';
import {
  processBootstrap,
  processCertificates,
  processHealth,
  processIssued,
  processProvisioners,
  processRoot,
  processVersion,
} from './answers.ts';
import type { Call } from './errors.ts';

const call: Call = { peer: 'ca', operation: 'sign', origin: 'https://ca.test' };
const pem = (byte: number): string => encodePem('CERTIFICATE', Buffer.from([byte]));
const answer = (status: number, body: unknown) => ({
  status,
  requestId: 'id-1',
  body: typeof body === 'string' ? body : JSON.stringify(body),
});

describe('processIssued', () => {
  it('prefers certChain', () => {
    const body = { crt: pem(1), ca: pem(2), certChain: [pem(1), pem(2), pem(3)] };
    assert.deepEqual(processIssued(call, answer(201, body)).chainPem, [pem(1), pem(2), pem(3)]);
  });
  it('falls back to crt and ca of old CAs', () => {
    assert.deepEqual(processIssued(call, answer(201, { crt: pem(1), ca: pem(2) })).chainPem, [pem(1), pem(2)]);
    assert.deepEqual(processIssued(call, answer(201, { crt: pem(1), ca: null })).chainPem, [pem(1)]);
  });

  const unusable: [string, unknown][] = [
    ['nothing', {}],
    ['no JSON', '<html>'],
    ['a list', []],
    ['a chain of other things', { certChain: [pem(1), 7] }],
    ['text that is no PEM', { crt: 'hello' }],
    ['two certificates in one', { crt: pem(1) + pem(2) }],
    ['a key instead', { crt: encodePem('EC PRIVATE KEY', Buffer.from([1])) }],
  ];
  for (const [name, body] of unusable) {
    it(`refuses a success with ${name}`, () =>
      assert.throws(() => processIssued(call, answer(201, body)), { code: 'ERR_CA_ANSWER', kind: 'unavailable' }));
  }
});

describe('a refusal', () => {
  const rows: [number, string][] = [
    [400, 'invalid'],
    [401, 'unauthenticated'],
    [403, 'forbidden'],
    [404, 'not-found'],
    [413, 'invalid'],
    [429, 'rate-limited'],
    [500, 'unavailable'],
    [501, 'unavailable'],
    [503, 'unavailable'],
    [302, 'invalid'],
  ];
  for (const [status, kind] of rows) {
    it(`with ${status} is ${kind}`, () =>
      assert.throws(() => processHealth(call, answer(status, { status, message: 'why not' })), {
        code: 'ERR_CA_REFUSED',
        kind,
        message: `ca: sign: refused by https://ca.test (${status}): why not`,
        context: { status, requestId: 'id-1' },
      }));
  }

  it('shows the detail of the second shape of errors', () =>
    assert.throws(() => processHealth(call, answer(401, { type: 'x', detail: 'wrong iss', message: '' })), {
      message: /: wrong iss$/,
    }));

  it('without JSON shows the status only', () =>
    assert.throws(() => processHealth(call, answer(502, '<html>bad gateway</html>')), { message: /\(502\)$/ }));

  it('is cut, put on one line and cleared of tokens', () => {
    const token = `eyJ${'a'.repeat(30)}.${'b'.repeat(30)}.${'c'.repeat(30)}`;
    assert.throws(
      () => processHealth(call, answer(400, { message: `bad\n\u001b[31m ${token} ${'x'.repeat(5000)}` })),
      (error) => isAppError(error) && error.message.length < 700 && !/aaaa|\p{Cc}/u.test(error.message),
    );
  });
});

describe('processCertificates', () => {
  it('takes any 2xx: a real step-ca says 201', () =>
    assert.deepEqual(processCertificates(call, answer(201, { crts: [pem(1)] })), [pem(1)]));
  it('ends each certificate with a line feed', () =>
    assert.deepEqual(processCertificates(call, answer(200, { crts: [pem(1).trim()] })), [pem(1)]));
  it('refuses null', () =>
    assert.throws(() => processCertificates(call, answer(200, { crts: null })), { code: 'ERR_CA_ANSWER' }));
});

describe('processProvisioners', () => {
  it('reads a page and its cursor', () =>
    assert.deepEqual(processProvisioners(call, answer(200, { provisioners: [{ name: 'a' }], nextCursor: 'c' })), {
      provisioners: [{ name: 'a' }],
      nextCursor: 'c',
    }));
  it('takes null for none', () =>
    assert.deepEqual(processProvisioners(call, answer(200, { provisioners: null, nextCursor: '' })).provisioners, []));
});

describe('processRoot and processVersion', () => {
  it('read what step-ca sends', () => {
    assert.equal(processRoot(call, answer(200, { ca: pem(1) })), pem(1));
    assert.deepEqual(processVersion(call, answer(200, { version: '0.30.2' })), {
      version: '0.30.2',
      requireClientAuthentication: false,
    });
  });
});

describe('processBootstrap', () => {
  const grant = { ott: 'a.b.c', caUrl: 'https://ca', fingerprint: '00', subject: 's', sans: ['s'] };
  it('reads a grant, with and without a lifetime', () => {
    assert.equal(processBootstrap(call, answer(200, grant)).notAfter, undefined);
    assert.equal(processBootstrap(call, answer(200, { ...grant, notAfter: '' })).notAfter, undefined);
    assert.equal(processBootstrap(call, answer(200, { ...grant, notAfter: '1h' })).notAfter, '1h');
  });
  it('refuses a grant without a token, and does not quote it', () =>
    assert.throws(() => processBootstrap(call, answer(200, { ...grant, ott: '', sans: ['secret'] })), {
      code: 'ERR_CA_ANSWER',
      message: /ott is missing$/,
    }));
  it('hands on code, message and hint of a refusal', () =>
    assert.throws(
      () => processBootstrap(call, answer(422, { status: 422, code: 'ERR_X', message: 'no such pod', hint: 'look' })),
      { code: 'ERR_BOOTSTRAP_REFUSED', kind: 'invalid', hint: 'look', context: { status: 422, reason: 'ERR_X' } },
    ));
  it('names a refusal that is not ours by its status', () =>
    assert.throws(() => processBootstrap(call, answer(503, 'upstream connect error')), { kind: 'unavailable' }));
});

describe('every judgement', () => {
  it('ends in a value or a coded error, whatever the answer', () => {
    const processes = [processBootstrap, processCertificates, processIssued, processProvisioners, processRoot];
    fc.assert(
      fc.property(fc.integer({ min: 100, max: 599 }), fc.oneof(fc.json(), fc.string()), (status, body) => {
        for (const process of processes) {
          try {
            process(call, { status, body, requestId: undefined });
          } catch (error) {
            assert.ok(isAppError(error), String(error));
          }
        }
      }),
    );
  });
});
