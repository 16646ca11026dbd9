/** Items 17 to 20: who may renew, by connection and by token, and what the new certificate takes over. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { createFakeIssuer, newKey } from '../../../lib/certificate-files/fake-issuer.ts';
import { encodePrivateKeyPem } from '../../../lib/crypto/index.ts';
import { encodePem } from '../../../lib/encoding/index.ts';
import type { LeafOptions } from '../../integration/ca-beside/workbench.ts';
import { leafOf, renewByToken, renewOverTls, sign } from '../../integration/ca-fixture.ts';
import { ask, type JsonAnswer } from '../../integration/ca-requests.ts';
import { onOneCa } from './one-ca.ts';
import { onEachPeer } from './peers.ts';

const hour = 3_600_000;
const logs = ' Please see the certificate authority logs for more info.';
const unauthorized = `The request lacked necessary authorization to be completed.${logs}`;
const ended: LeafOptions = { startsInMs: -3 * hour, endsInMs: -hour };

onOneCa('renewal', (ca) => {
  const overTls = (path: string, cert: string, key: string, body = ''): Promise<JsonAnswer> =>
    ask(ca.port, path, { method: path === '/health' ? 'GET' : 'POST', body, tls: { cert, key } });
  const byToken = (claims: Record<string, unknown> = {}, leaf: LeafOptions = {}): Promise<JsonAnswer> =>
    renewByToken(ca.port, ca.bench.renewToken(ca.bench.leaf(leaf), claims));

  it('17: a client that shows its leaf alone is known', async () => {
    const { certificate, key } = ca.bench.leaf();
    const renewed = await overTls('/renew', encodePem('CERTIFICATE', certificate.der), encodePrivateKeyPem(key));
    assert.equal(renewed.status, 201);
  });

  it('17: a client certificate that does not verify ends the connection, on /health too', async () => {
    const stranger = createFakeIssuer(Date.now());
    const key = newKey();
    const times = { notBefore: Date.now() - hour, notAfter: Date.now() + hour };
    const foreign = stranger.issueChain({ ...times, sans: ['web.test'], key }).join('');
    const old = ca.bench.leaf(ended);
    const server = ca.bench.leaf({ extendedKeyUsage: ['1.3.6.1.5.5.7.3.1'] });
    const clients = [
      [foreign, key],
      [old.chainPem, old.key],
      [server.chainPem, server.key],
    ] as const;
    for (const path of ['/health', '/renew']) {
      for (const [cert, own] of clients) {
        assert.equal((await overTls(path, cert, encodePrivateKeyPem(own))).status, 0, path);
      }
    }
    assert.equal((await ask(ca.port, '/health')).status, 200, 'who shows none is served');
  });

  it('18: a renew token with leaf and intermediate renews, with any port in its audience', async () => {
    for (const aud of ['https://localhost/renew', 'https://localhost:1/renew', 'https://127.0.0.1:2/1.0/renew']) {
      assert.equal((await byToken({ aud })).status, 201, aud);
    }
    assert.equal((await byToken({ iss: 'admin' })).status, 201, 'by the provisioner too');
  });

  it('18: without the intermediate, or under the name x5c, it is refused', async () => {
    const leaf = ca.bench.leaf();
    const alone = ca.bench.renewToken(leaf, {}, { chain: [leaf.certificate] });
    const named = ca.bench.renewToken(leaf, {}, { headerName: 'x5c' });
    for (const token of [alone, named, 'x']) {
      const { status, body } = await renewByToken(ca.port, token);
      assert.deepEqual([status, body], [401, { status: 401, message: 'error validating renew token' }]);
    }
  });

  it('18: it is good once, with an id and without', async () => {
    for (const jti of ['renewed once', undefined]) {
      const token = ca.bench.renewToken(ca.bench.leaf(), { jti });
      assert.equal((await renewByToken(ca.port, token)).status, 201);
      assert.equal((await renewByToken(ca.port, token)).status, 401);
    }
  });

  it('18: of an expired leaf it is refused with the reason, unless that is allowed', async () => {
    const { status, body } = await byToken({}, ended);
    assert.equal(status, 401);
    assert.match(
      String(body.message),
      /^The request lacked necessary authorization to be completed: certificate expired on \d{4}-\d\d-\d\d /,
    );
  });

  it('18: the scheme is spelled Bearer, and a connection counts before a token', async () => {
    const token = ca.bench.renewToken(ca.bench.leaf());
    for (const header of [`bearer ${token}`, `BEARER ${token}`, `Bearer${token}`, token]) {
      const { status, body } = await ask(ca.port, '/renew', { method: 'POST', headers: { Authorization: header } });
      assert.deepEqual(
        [status, body.message],
        [400, 'The request could not be completed: missing client certificate.'],
      );
    }
    const { chainPem, key } = ca.bench.leaf();
    const tls = { cert: chainPem, key: encodePrivateKeyPem(key) };
    assert.equal(
      (await ask(ca.port, '/renew', { method: 'POST', tls, headers: { Authorization: 'Bearer x' } })).status,
      201,
    );
  });

  it('18: times have their leeway; a wrong audience or key is the fault of the client here', async () => {
    const now = Math.floor(Date.now() / 1000);
    assert.equal((await byToken({ exp: now - 40 })).status, 201);
    for (const claims of [{ exp: now - 90 }, { nbf: now + 90 }, { iat: now + 90 }, { sub: 'other.test' }]) {
      const { status, body } = await byToken(claims);
      assert.equal(status, 401);
      assert.match(String(body.message), /^error validating renew token: /);
    }
    assert.equal((await byToken({ aud: 'https://localhost/sign' })).status, ca.differs(500, 401));
    const forged = ca.bench.renewToken(ca.bench.leaf(), {}, { key: ca.bench.key.key });
    assert.equal((await renewByToken(ca.port, forged)).status, ca.differs(500, 401));
  });

  it('19: a leaf of a provisioner that is gone is not renewed', async () => {
    const { status, body } = await renewOverTls(ca.port, ca.bench.leaf({ provisioner: 'gone' }));
    assert.deepEqual([status, body.message], [401, unauthorized]);
    assert.equal((await byToken({}, { provisioner: 'gone' })).status, 401);
  });

  it('19: a revoked leaf is not renewed, nor gets another key', async () => {
    const leaf = ca.bench.leaf();
    const { chainPem, key } = leaf;
    const serial = String(leaf.certificate.serial);
    const revoked = await overTls(
      '/revoke',
      chainPem,
      encodePrivateKeyPem(key),
      JSON.stringify({ serial, passive: true }),
    );
    assert.equal(revoked.status, 200);
    const rekeyed = overTls('/rekey', chainPem, encodePrivateKeyPem(key), JSON.stringify({ csr: ca.bench.csr() }));
    for (const answer of [renewOverTls(ca.port, leaf), rekeyed, renewByToken(ca.port, ca.bench.renewToken(leaf))]) {
      const { status, body } = await answer;
      assert.deepEqual([status, body.message], [401, unauthorized]);
    }
  });

  it('19: a leaf without the extension of a provisioner is renewed over TLS', async () => {
    const leaf = leafOf(await renewOverTls(ca.port, ca.bench.leaf({ provisioner: null })));
    assert.equal(leaf.provisioner, undefined);
  });

  it('20: the same key again is fine', async () => {
    const { certificate, chainPem, key } = ca.bench.leaf();
    const body = JSON.stringify({ csr: ca.bench.csr({ key }) });
    const leaf = leafOf(await overTls('/rekey', chainPem, encodePrivateKeyPem(key), body));
    assert.deepEqual(leaf.publicKeyDer, certificate.publicKeyDer);
    assert.notEqual(leaf.serial, certificate.serial);
  });

  it('20: of the request its key counts alone', async () => {
    const { certificate, chainPem, key } = ca.bench.leaf();
    const own = await ca.bench.keyOf('EC-P384');
    for (const request of [
      { commonName: 'foreign.test', sans: ['foreign.test'] },
      { commonName: '', sans: [] },
    ]) {
      const body = JSON.stringify({ csr: ca.bench.csr({ ...request, key: own }) });
      const leaf = leafOf(await overTls('/rekey', chainPem, encodePrivateKeyPem(key), body));
      assert.deepEqual(leaf.subjectDer, certificate.subjectDer);
      assert.deepEqual(leaf.sans, certificate.sans);
      assert.notDeepEqual(leaf.publicKeyDer, certificate.publicKeyDer);
      assert.equal(leaf.notAfter - leaf.notBefore, certificate.notAfter - certificate.notBefore);
      const rest = (all: typeof leaf) => all.extensions.slice(2).map(({ oid, critical }) => [oid, critical]);
      assert.deepEqual(rest(leaf).at(-1), rest(certificate).at(-1));
      assert.notDeepEqual(leaf.subjectKeyId, certificate.subjectKeyId);
    }
  });

  it('20: a token is no credential, nor is a request without a key taken', async () => {
    const token = ca.bench.renewToken(ca.bench.leaf());
    const body = JSON.stringify({ csr: ca.bench.csr() });
    const byBearer = await ask(ca.port, '/rekey', { body, headers: { Authorization: `Bearer ${token}` } });
    assert.deepEqual(
      [byBearer.status, byBearer.body.message],
      [400, 'The request could not be completed: missing client certificate.'],
    );
    const { chainPem, key } = ca.bench.leaf();
    assert.equal((await overTls('/rekey', chainPem, encodePrivateKeyPem(key), '{}')).status, 400);
  });
});

onEachPeer('renewal by other rules', (ca) => {
  it('18: an expired leaf is renewed by token where allowRenewalAfterExpiry is on', async () => {
    const { port } = await ca.start((config) => {
      config.authority.claims = { allowRenewalAfterExpiry: true };
    });
    const old = ca.bench.leaf(ended);
    const leaf = leafOf(await renewByToken(port, ca.bench.renewToken(old)));
    assert.equal(leaf.notAfter - leaf.notBefore, old.certificate.notAfter - old.certificate.notBefore);
  });

  it('19: a leaf is not renewed where disableRenewal is on', async () => {
    const { port } = await ca.start((config) => {
      config.authority.claims = { disableRenewal: true };
    });
    assert.equal((await renewOverTls(port, ca.bench.leaf())).status, 401);
    assert.equal((await sign(port, ca.bench)).status, 201);
  });

  it('19: a leaf is not renewed after its provisioner was removed and the CA restarted', async () => {
    const first = await ca.start();
    const { key } = ca.bench.leaf();
    const { status, body } = await sign(first.port, ca.bench, { csr: ca.bench.csr({ key }) });
    assert.equal(status, 201);
    await first.stop();
    const { port } = await ca.start((config) => {
      for (const provisioner of config.authority.provisioners) provisioner.name = 'another';
    });
    const certificate = leafOf({ status, body });
    const leaf = { certificate, key, chainPem: `${body.crt}${body.ca}` };
    assert.equal((await renewOverTls(port, leaf)).status, 401);
  });
});
