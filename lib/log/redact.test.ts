import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { AppError } from '../errors/index.ts';
import { isSecretName, redactFields, redactText, redactValue } from './redact.ts';

const token = `${Buffer.from('{"alg":"ES256","typ":"JWT"}').toString('base64url')}.eyJzdWIiOiJhIn0.c2lnbmF0dXJl`;
const keyPem = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  .privateKey.export({ type: 'sec1', format: 'pem' })
  .toString();

describe('redactText', () => {
  const rows: [string, string, string][] = [
    ['a token', `refused: ${token}, again`, 'refused: [redacted token], again'],
    ['a token in an address', `https://ca/x?ott=${token}&y=1`, 'https://ca/x?ott=[redacted token]&y=1'],
    ['a token without its signature', token.split('.').slice(0, 2).join('.'), '[redacted token]'],
    ['a private key', `before\n${keyPem}after`, 'before\n[redacted private key]\nafter'],
    ['a private key inside JSON', JSON.stringify({ a: keyPem }), '{"a":"[redacted private key]\\n"}'],
    ['a private key that is cut off', keyPem.slice(0, 80), '[redacted private key]'],
    ['an opaque bearer token', 'Authorization: Bearer 0123456789abcdefXYZ', 'Authorization: Bearer [redacted]'],
    ['a password in an address', 'postgres://ca:hunter2@db/ca', 'postgres://ca:[redacted]@db/ca'],
  ];
  for (const [name, text, want] of rows) it(`takes out ${name}`, () => assert.equal(redactText(text), want));

  it('leaves certificates, fingerprints, addresses and prose alone', () => {
    const text = 'bearer authentication: -----BEGIN CERTIFICATE-----\nMIIB\n https://ca:9000/root/ab12 eyJ. a.b.c';
    assert.equal(redactText(text), text);
  });

  it('cuts a text that is too long', () => assert.ok(redactText('x'.repeat(1e6)).length < 20_000));
});

describe('isSecretName', () => {
  for (const name of ['token', 'OTT', 'key', 'STEP_TOKEN', 'bearerToken', 'provisioner-password', 'keyPem', 'jwt']) {
    it(`hides ${name}`, () => assert.ok(isSecretName(name)));
  }
  for (const name of ['kid', 'keyId', 'tokenMode', 'tokens', 'publicKey', 'serial', 'keyMode', 'fingerprint']) {
    it(`shows ${name}`, () => assert.ok(!isSecretName(name)));
  }
});

describe('redactValue', () => {
  it('hides secrets at any depth and says when one is empty', () => {
    const value = { a: [{ token: 'x', b: { password: '' } }], ott: null, text: `see ${token}` };
    assert.deepEqual(redactValue(value), {
      a: [{ token: '[redacted]', b: { password: '' } }],
      ott: null,
      text: 'see [redacted token]',
    });
  });

  it('hides the private members of a JWK and shows the public ones', () => {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const { d, ...shared } = privateKey.export({ format: 'jwk' });
    assert.deepEqual(redactValue({ ...shared, d }), { ...shared, d: '[redacted]' });
  });

  it('never shows a key object', () => {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    assert.deepEqual(redactValue({ signer: privateKey }), { signer: '[key]' });
  });

  it('renders an AppError with code, causes, hint and context, without a stack', () => {
    const error = new AppError('ERR_TEST', 'unavailable', 'ca: unreachable', {
      cause: new Error(`ECONNREFUSED ${token}`),
      hint: 'start it',
      context: { url: 'https://ca', ott: 'x' },
    });
    assert.deepEqual(redactValue(error), {
      code: 'ERR_TEST',
      kind: 'unavailable',
      message: 'ca: unreachable: ECONNREFUSED [redacted token]',
      hint: 'start it',
      context: { url: 'https://ca', ott: '[redacted]' },
    });
  });

  it('renders a defect with its stack', () => {
    const rendered = redactValue(new TypeError(`bad ${token}`)) as { message: string; stack: string };
    assert.equal(rendered.message, 'bad [redacted token]');
    assert.match(rendered.stack, /TypeError: bad \[redacted token\]\n +at /);
  });

  it('survives cycles, throwing getters, depth and odd values', () => {
    const cycle: Record<string, unknown> = { n: Number.NaN, big: 10n ** 30n, bytes: Buffer.from('abc') };
    cycle.self = cycle;
    const trap = {
      get boom(): never {
        throw new Error('no');
      },
    };
    assert.deepEqual(redactValue({ cycle, trap, when: new Date(0), map: new Map([['token', 'x']]) }), {
      cycle: { n: 'NaN', big: '1000000000000000000000000000000', bytes: '[3 bytes]', self: '[circular]' },
      trap: '[unreadable]',
      when: '1970-01-01T00:00:00.000Z',
      map: { token: '[redacted]' },
    });
  });

  it('shows an object twice when it is no cycle', () => {
    const shared = { a: 1 };
    assert.deepEqual(redactValue([shared, shared]), [shared, shared]);
  });

  it('never lets the token through, wherever it stands, and always yields JSON', () => {
    fc.assert(
      fc.property(fc.object({ maxDepth: 4, withBigInt: true, withDate: true }), fc.string(), (object, text) => {
        const line = JSON.stringify(redactFields({ object, [`${text} ${token}`]: `${text}${token}`, list: [[token]] }));
        assert.ok(!line.includes('c2lnbmF0dXJl'), line);
      }),
    );
  });
});
