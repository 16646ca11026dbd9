/** Item 21: what may be revoked, by whom, in which spelling. Item 26 is the list. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { encodePrivateKeyPem } from '../../../lib/crypto/index.ts';
import { leafOf, sign } from '../../integration/ca-fixture.ts';
import { ask, type JsonAnswer } from '../../integration/ca-requests.ts';
import { onOneCa } from './one-ca.ts';
import { onEachPeer } from './peers.ts';

const wrapped = (text: string) => `The request could not be completed: ${text}.`;
const forbidden = (text: string) => `The request was forbidden by the certificate authority: ${text}.`;

onOneCa('revocation', (ca) => {
  const token = (sub: string, claims: Record<string, unknown> = {}) =>
    ca.bench.token({ aud: 'https://localhost/1.0/revoke', sub, sans: undefined, ...claims });
  const revoke = (members: Record<string, unknown>, tls = {}): Promise<JsonAnswer> =>
    ask(ca.port, '/revoke', { body: JSON.stringify({ passive: true, ...members }), tls });
  const spelled = (serial: string, sub: string) => revoke({ serial, ott: token(sub) });

  it('21: by decimal, hexadecimal, octal and binary serial, the subject always decimal', async () => {
    const spellings = [
      ['1000', '1000'],
      ['0x3e9', '1001'],
      ['0X3EA', '1002'],
      ['0o1753', '1003'],
      ['01754', '1004'],
      ['0b1111101101', '1005'],
      ['1_006', '1006'],
    ];
    for (const [serial = '', sub = ''] of spellings) {
      const { status, body } = await spelled(serial, sub);
      assert.deepEqual([status, body], [200, { status: 'ok' }], serial);
    }
  });

  it('21: an issued one, and one that nobody has issued', async () => {
    const serial = String(leafOf(await sign(ca.port, ca.bench)).serial);
    assert.equal((await spelled(serial, serial)).status, 200);
    assert.equal((await spelled('424242', '424242')).status, 200);
  });

  it('21: twice is 400, in another spelling too', async () => {
    assert.equal((await spelled('2000', '2000')).status, 200);
    for (const serial of ['2000', '0x7d0']) {
      const { status, body } = await spelled(serial, '2000');
      const message = wrapped("certificate with serial number '2000' is already revoked");
      assert.deepEqual([status, body.message], [400, message]);
    }
  });

  it('21: a subject in hexadecimal is another', async () => {
    const { status, body } = await spelled('0x7d1', '0x7d1');
    const message = forbidden('request serial number "2001" and token subject "0x7d1" do not match');
    assert.deepEqual([status, body.message], [403, message]);
  });

  it('21: an active revocation is 501', async () => {
    for (const passive of [false, undefined]) {
      const { status } = await revoke({ serial: '2002', ott: token('2002'), passive });
      assert.equal(status, 501);
    }
  });

  it('21: a reason from 0 to 10, as a text of any length', async () => {
    for (const reasonCode of [0, 7, 10]) {
      const serial = String(2100 + reasonCode);
      assert.equal((await revoke({ serial, ott: token(serial), reasonCode, reason: 'a'.repeat(500) })).status, 200);
    }
    for (const reasonCode of [-1, 11]) {
      const { status, body } = await revoke({ serial: '2120', ott: token('2120'), reasonCode });
      assert.deepEqual([status, body.message], [400, wrapped('reasonCode out of bounds')]);
    }
  });

  it('21: a token of sign is refused, and one is good once', async () => {
    assert.equal(
      (await revoke({ serial: '2200', ott: token('2200', { aud: 'https://localhost/1.0/sign' }) })).status,
      401,
    );
    assert.equal(
      (await revoke({ serial: '2200', ott: token('2200', { aud: 'https://localhost:9/revoke' }) })).status,
      200,
    );
    const ott = token('2201');
    assert.equal((await revoke({ serial: '2201', ott })).status, 200);
    assert.equal((await revoke({ serial: '2201', ott })).status, 401);
  });

  it('21: by whoever has the key of the certificate, and of no other', async () => {
    const { certificate, chainPem, key } = ca.bench.leaf();
    const tls = { cert: chainPem, key: encodePrivateKeyPem(key) };
    const serial = String(certificate.serial);
    const other = await revoke({ serial: '5' }, tls);
    const message = forbidden(`request serial number "5" and certificate serial number "${serial}" do not match`);
    assert.deepEqual([other.status, other.body.message], [403, message]);
    assert.equal((await revoke({ serial, ott: '' }, tls)).status, 200);
  });
});

onEachPeer('revocation without a database', (ca) => {
  it('21: is 501', async () => {
    const { port } = await ca.start((config) => {
      delete config.db;
    });
    const ott = ca.bench.token({ aud: 'https://localhost/1.0/revoke', sub: '5', sans: undefined });
    const { status, body } = await ask(port, '/revoke', { body: JSON.stringify({ serial: '5', ott, passive: true }) });
    assert.equal(status, 501);
    assert.match(String(body.message), /^The requested method is not implemented by the certificate authority\./);
  });
});
