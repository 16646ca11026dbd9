/** Items 14 to 16: how long a leaf lives, and what is in it to the byte. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { oids } from '../../../lib/x509/index.ts';
import { leafOf, renewOverTls, sign } from '../../integration/ca-fixture.ts';
import { onOneCa } from './one-ca.ts';

const minute = 60_000;
const hour = 60 * minute;

onOneCa('lifetimes', (ca) => {
  const lifeOf = async (members: Record<string, unknown>): Promise<number> => {
    const { notBefore, notAfter } = leafOf(await sign(ca.port, ca.bench, members));
    return notAfter - notBefore;
  };
  const refused = async (members: Record<string, unknown>, status: number, message: RegExp): Promise<void> => {
    const answer = await sign(ca.port, ca.bench, members);
    assert.equal(answer.status, status, JSON.stringify(members));
    assert.match(String(answer.body.message), message);
  };

  it('14: the minute of backdating counts for the least life', async () => {
    assert.equal(await lifeOf({ notAfter: '4m' }), 5 * minute);
    await refused(
      { notAfter: '3m' },
      403,
      /^The request was forbidden by the certificate authority: requested duration of 4m0s is less than the authorized minimum certificate duration of 5m0s\.$/,
    );
  });

  it('14: the longest life is 24 hours and the minute of backdating', async () => {
    assert.equal(await lifeOf({ notAfter: '24h' }), 24 * hour + minute);
    await refused({ notAfter: '24h1m' }, 403, /requested duration of 24h2m0s is more than the authorized maximum/);
    assert.equal(await lifeOf({ notBefore: '1h', notAfter: '24h1m' }), 24 * hour + minute, 'whatever the start');
    await refused({ notBefore: '1h', notAfter: '24h2m' }, 403, /more than the authorized maximum certificate duration/);
  });

  it('14: a day is no unit, and a number no time', async () => {
    for (const notAfter of ['1d', '90', 'tomorrow', '2030-01-01T00:00:00', 90]) {
      await refused({ notAfter }, 400, /^The request could not be completed: error decoding json\.$/);
    }
    await refused({ notAfter: '-10m' }, 400, /The request could not be completed/);
  });

  it('14: times as RFC 3339 and as durations', async () => {
    const end = new Date(Math.ceil(Date.now() / 1000) * 1000 + hour);
    const leaf = leafOf(await sign(ca.port, ca.bench, { notAfter: end.toISOString().replace('Z', '+00:00') }));
    assert.equal(leaf.notAfter, end.getTime());
    assert.equal(await lifeOf({ notAfter: '1.5h' }), 91 * minute);
    assert.equal(await lifeOf({ notBefore: '-10m', notAfter: '30m' }), 30 * minute, 'counted from the start');
    assert.equal(await lifeOf({ notBefore: '-10m' }), 24 * hour);
  });

  it('15: a leaf starts a minute ago and lives for 24h1m0s, unless told otherwise', async () => {
    const before = Date.now();
    const leaf = leafOf(await sign(ca.port, ca.bench));
    const after = Date.now();
    assert.equal(leaf.notAfter - leaf.notBefore, 24 * hour + minute);
    assert.ok(leaf.notBefore >= before - minute - 1000 && leaf.notBefore <= after - minute);
    assert.equal(leaf.notBefore % 1000, 0);
  });

  it('15: a renewed leaf lives as long, and starts a minute ago', async () => {
    const old = ca.bench.leaf({ startsInMs: -hour, endsInMs: 2 * hour });
    const before = Date.now();
    const leaf = leafOf(await renewOverTls(ca.port, old));
    const { notBefore, notAfter, serial } = old.certificate;
    assert.equal(leaf.notAfter - leaf.notBefore, notAfter - notBefore);
    assert.ok(Math.abs(leaf.notBefore + minute - before) < 5000);
    assert.notEqual(leaf.serial, serial);
  });

  it('15: a serial number has 128 random bits', async () => {
    const serials = await Promise.all([1, 2, 3, 4].map(async () => leafOf(await sign(ca.port, ca.bench)).serial));
    assert.equal(new Set(serials).size, serials.length);
    for (const serial of serials) assert.ok(serial > 0n && serial < 1n << 128n);
    assert.ok(serials.some((serial) => serial > 1n << 100n));
  });

  /** SEQUENCE { 1 (JWK), OCTET STRING "admin", OCTET STRING kid }, as step-ca writes it. */
  const provisionerExtension = (kid: string): string => {
    const body = Buffer.concat([
      Buffer.from('020101040561646d696e', 'hex'),
      Buffer.from([0x04, kid.length]),
      Buffer.from(kid),
    ]);
    return Buffer.concat([Buffer.from([0x30, body.length]), body]).toString('hex');
  };

  it('16: the extensions of a leaf: order, criticality, and the bytes of the provisioner', async () => {
    const leaf = leafOf(await sign(ca.port, ca.bench));
    assert.deepEqual(
      leaf.extensions.map(({ oid, critical }) => [oid, critical]),
      [
        [oids.keyUsage, true],
        [oids.extendedKeyUsage, false],
        [oids.subjectKeyIdentifier, false],
        [oids.authorityKeyIdentifier, false],
        [oids.subjectAltName, false],
        ['1.3.6.1.4.1.37476.9000.64.1', false],
      ],
    );
    const values = new Map(leaf.extensions.map(({ oid, value }) => [oid, value.toString('hex')]));
    assert.equal(values.get(oids.keyUsage), '03020780');
    assert.equal(values.get(oids.extendedKeyUsage), '301406082b0601050507030106082b06010505070302');
    assert.equal(values.get('1.3.6.1.4.1.37476.9000.64.1'), provisionerExtension(ca.bench.key.kid));
  });

  it('16: an RSA leaf may encipher keys', async () => {
    const rsa = await sign(ca.port, ca.bench, { csr: ca.bench.csr({ key: await ca.bench.keyOf('RSA-2048') }) });
    const usage = leafOf(rsa).extensions.find(({ oid }) => oid === oids.keyUsage);
    assert.equal(usage?.value.toString('hex'), '030205a0');
  });

  it('16: a renewed leaf has the same extensions, the key of the issuer first', async () => {
    const first = await sign(ca.port, ca.bench, { csr: ca.bench.csr({ key: ca.bench.leaf().key }) });
    const old = leafOf(first);
    const chainPem = `${first.body.crt}${first.body.ca}`;
    const renewed = leafOf(await renewOverTls(ca.port, { certificate: old, key: ca.bench.leaf().key, chainPem }));
    const by = (certificate: typeof old) => certificate.extensions.map(({ der }) => der.toString('hex'));
    const [ku, eku, ski, aki, ...rest] = by(old);
    assert.deepEqual(by(renewed), [aki, ku, eku, ski, ...rest]);
    assert.deepEqual(renewed.subjectDer, old.subjectDer);
  });
});
