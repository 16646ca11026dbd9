/**
 * What goes wrong between services that trust each other by federation, against running CAs, ours and the real step-ca:
 * roots that are removed, a CA that is away at the time of a renewal, certificates that end meanwhile.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { request } from 'node:https';
import type { AddressInfo } from 'node:net';
import { after, before, describe, it, type TestContext } from 'node:test';
import { connect, createServer, type TLSSocket } from 'node:tls';
import {
  type BootstrapOptions,
  bootstrapClient,
  bootstrapIdentity,
  bootstrapServer,
  followIdentity,
  type MtlsClient,
  type MtlsRequestListener,
  type MtlsServer,
  mtlsServerOptions,
} from '../../../lib/ca-client/index.ts';
import { FakeClock } from '../../../lib/time/fake-clock.ts';
import { type Federation, type Member, startFederation, untilTrue } from './federation.ts';

/** Renewed by command, or at two thirds of three seconds. */
const longLived: BootstrapOptions = { notAfter: '10m' };

async function serve(t: TestContext, ca: Member, options: Parameters<typeof bootstrapServer>[1], handler = greet) {
  const serving = await bootstrapServer(await ca.token('localhost'), options, handler);
  t.after(() => serving.close(0));
  serving.server.listen(0, '127.0.0.1');
  await once(serving.server, 'listening');
  return { ...serving, url: `https://localhost:${(serving.server.address() as AddressInfo).port}` };
}

const greet: MtlsRequestListener = (incoming, outgoing) => {
  outgoing.end(`Hello ${incoming.socket.getPeerCertificate().subject.CN}`);
};

async function call(t: TestContext, ca: Member, name: string, options: Parameters<typeof bootstrapClient>[1]) {
  const client = await bootstrapClient(await ca.token(name), options);
  t.after(() => client.close());
  return client;
}

const ask = async ({ fetch }: MtlsClient, url: string): Promise<string> => (await fetch(url)).text();

/** The next event of an identity. */
const next = (serving: Pick<MtlsServer, 'identity'>, event: 'renewed' | 'renewal-failed' | 'expired') =>
  once(serving.identity, event, { signal: AbortSignal.timeout(60_000) });

for (const pair of [
  { cloud: 'autocert-ca', kubernetes: 'step-ca' },
  { cloud: 'step-ca', kubernetes: 'autocert-ca' },
] as const) {
  describe(`services of ${pair.cloud} (cloud) and ${pair.kubernetes} (kubernetes)`, () => {
    let federation: Federation;
    before(async () => {
      federation = await startFederation(pair);
    });
    after(() => federation.remove());

    it('do not trust each other without federation, and each side says who refused whom', async (t) => {
      const { cloud, kubernetes } = federation;
      const closed = await serve(t, cloud, longLived);
      const trusting = await call(t, kubernetes, 'trusting', { ...longLived, trust: 'federation' });
      await assert.rejects(ask(trusting, closed.url), { code: 'ERR_SDK_REQUEST' });
      const wary = await call(t, kubernetes, 'wary', longLived);
      await assert.rejects(ask(wary, closed.url), {
        code: 'ERR_SDK_REQUEST',
        kind: 'forbidden',
        hint: /trust: 'federation'/,
      });
      const own = await call(t, cloud, 'own', longLived);
      assert.equal(await ask(own, closed.url), 'Hello own');
    });

    it('stop trusting a removed root at the next renewal: the kept connection ends, no new one is taken', async (t) => {
      const { cloud, kubernetes } = federation;
      const serving = await serve(t, cloud, { ...longLived, trust: 'federation' });
      const foreign = await call(t, kubernetes, 'foreign', { ...longLived, trust: 'federation' });
      const own = await call(t, cloud, 'own', { ...longLived, trust: 'federation' });
      const sockets = new Map<string, TLSSocket>();
      serving.server.on('secureConnection', (socket: TLSSocket) =>
        sockets.set(socket.getPeerCertificate().subject.CN?.toString() ?? '', socket),
      );
      assert.equal(await ask(foreign, serving.url), 'Hello foreign');
      assert.equal(await ask(own, serving.url), 'Hello own');
      const [ofForeign, ofOwn] = [sockets.get('foreign'), sockets.get('own')];
      let roots: string[] | null = null;
      await cloud.reload((config) => {
        roots = config.federatedRoots;
        config.federatedRoots = [];
      });
      assert.equal(await ask(foreign, serving.url), 'Hello foreign', 'nothing happens before the renewal');
      await serving.identity.renew();
      await untilTrue('the connection has ended', () => ofForeign?.destroyed ?? true);
      await assert.rejects(ask(foreign, serving.url), { code: 'ERR_SDK_REQUEST' });
      assert.equal(await ask(own, serving.url), 'Hello own');
      assert.equal(sockets.get('own'), ofOwn, 'the connection of a client that is still trusted is kept');

      await cloud.reload((config) => {
        config.federatedRoots = roots;
      });
      await serving.identity.renew();
      assert.equal(await ask(foreign, serving.url), 'Hello foreign');
    });

    it('stop trusting servers of a removed root: kept connections are not used again', async (t) => {
      const { cloud, kubernetes } = federation;
      const serving = await serve(t, cloud, { ...longLived, trust: 'federation' });
      const foreign = await call(t, kubernetes, 'foreign', { ...longLived, trust: 'federation' });
      assert.equal(await ask(foreign, serving.url), 'Hello foreign');
      let roots: string[] | null = null;
      await kubernetes.reload((config) => {
        roots = config.federatedRoots;
        config.federatedRoots = [];
      });
      await foreign.identity.renew();
      await assert.rejects(ask(foreign, serving.url), { code: 'ERR_SDK_REQUEST', kind: 'forbidden' });
      await kubernetes.reload((config) => {
        config.federatedRoots = roots;
      });
      await foreign.identity.renew();
      assert.equal(await ask(foreign, serving.url), 'Hello foreign');
    });

    it('finish an answer that is under way when its root is removed', async (t) => {
      const { cloud, kubernetes } = federation;
      const asked = Promise.withResolvers<void>();
      const go = Promise.withResolvers<void>();
      const serving = await serve(t, cloud, { ...longLived, trust: 'federation' }, async (_incoming, outgoing) => {
        asked.resolve();
        await go.promise;
        outgoing.end('late');
      });
      const foreign = await call(t, kubernetes, 'foreign', { ...longLived, trust: 'federation' });
      const answer = foreign.fetch(serving.url);
      await asked.promise;
      let roots: string[] | null = null;
      await cloud.reload((config) => {
        roots = config.federatedRoots;
        config.federatedRoots = [];
      });
      await serving.identity.renew();
      go.resolve();
      const response = await answer;
      assert.equal(response.headers.get('connection'), 'close');
      assert.equal(await response.text(), 'late');
      await assert.rejects(ask(foreign, serving.url), { code: 'ERR_SDK_REQUEST' });
      await cloud.reload((config) => {
        config.federatedRoots = roots;
      });
    });

    it('go on while the CA is away at the time of a renewal, and renew when it is back', async (t) => {
      const { cloud, kubernetes } = federation;
      const serving = await serve(t, cloud, { notAfter: '18s', trust: 'federation' });
      const foreign = await call(t, kubernetes, 'foreign', { ...longLived, trust: 'federation' });
      const { serial } = serving.identity.certificate;
      await cloud.kill();
      const [error] = await next(serving, 'renewal-failed');
      assert.equal((error as { code?: string }).code, 'ERR_CA_UNREACHABLE');
      assert.equal(await ask(foreign, serving.url), 'Hello foreign');
      const back = next(serving, 'renewed');
      await cloud.start();
      await back;
      assert.notEqual(serving.identity.certificate.serial, serial);
      assert.equal(await ask(foreign, serving.url), 'Hello foreign');
    });

    it('recover from an outage that outlasts the certificate, with a new token', async (t) => {
      const { cloud } = federation;
      const serving = await serve(t, cloud, { notAfter: '2s', newToken: () => cloud.token('localhost') });
      const own = await call(t, cloud, 'own', longLived);
      assert.equal(await ask(own, serving.url), 'Hello own');
      const expired = next(serving, 'expired');
      await cloud.kill();
      await expired;
      const back = next(serving, 'renewed');
      await cloud.start();
      await back;
      assert.equal(await ask(own, serving.url), 'Hello own');
    });

    it('stay expired without one', async (t) => {
      const { cloud } = federation;
      const identity = await bootstrapIdentity(await cloud.token('late'), { notAfter: '2s' });
      t.after(() => identity.close());
      await cloud.kill();
      await next({ identity }, 'expired');
      await cloud.start();
      await untilTrue('the CA has refused for good', () =>
        identity.renew().then(
          () => assert.fail('an expired certificate was renewed'),
          (error: { code: string }) => error.code === 'ERR_SDK_EXPIRED',
        ),
      );
    });

    it('recover without one where the CA renews after expiry', async (t) => {
      const { cloud } = federation;
      await cloud.reload(({ authority }) => {
        authority.claims = { ...authority.claims, allowRenewalAfterExpiry: true };
        authority.backdate = '1m'; // the CA looks at the certificate as of a minute before its end
      });
      const identity = await bootstrapIdentity(await cloud.token('late'), { notAfter: '2s' });
      t.after(() => identity.close());
      const expired = next({ identity }, 'expired');
      await cloud.kill();
      await expired;
      const back = next({ identity }, 'renewed');
      await cloud.start();
      await back;
      assert.ok(identity.certificate.notAfter > Date.now() - 60_000);
    });
  });
}

describe('the SDK', () => {
  let federation: Federation;
  before(async () => {
    federation = await startFederation({ cloud: 'autocert-ca', kubernetes: 'autocert-ca' });
  });
  after(() => federation.remove());

  it('sends a request again that a kept connection lost, where that does no harm', async (t) => {
    const { cloud } = federation;
    const seen = new WeakSet<object>();
    const serving = await serve(t, cloud, longLived, (incoming, outgoing) => {
      if (seen.has(incoming.socket)) incoming.socket.destroy();
      else outgoing.end(`${incoming.method} ${incoming.headers.host}`);
      seen.add(incoming.socket);
    });
    const client = await call(t, cloud, 'client', longLived);
    const host = new URL(serving.url).host;
    for (let round = 0; round < 3; round++) assert.equal(await ask(client, serving.url), `GET ${host}`);
    await assert.rejects(client.fetch(serving.url, { method: 'POST', body: 'once' }), {
      code: 'ERR_SDK_REQUEST',
      kind: 'unavailable',
    });
  });

  it('speaks as fetch does: method, headers, bodies, status, abort, time-out', async (t) => {
    const { cloud } = federation;
    const serving = await serve(t, cloud, longLived, async (incoming, outgoing) => {
      if (incoming.url === '/slow') return;
      let body = '';
      for await (const chunk of incoming) body += chunk;
      outgoing.writeHead(incoming.method === 'DELETE' ? 204 : 418, { 'X-Seen': String(incoming.headers['x-sent']) });
      outgoing.end(incoming.method === 'DELETE' ? undefined : `${incoming.method} ${body}`);
    });
    const { fetch } = await call(t, cloud, 'client', longLived);
    const response = await fetch(serving.url, { method: 'post', headers: { 'x-sent': 'a' }, body: 'grüß' });
    assert.deepEqual([response.status, response.headers.get('x-seen')], [418, 'a']);
    assert.equal(await response.text(), 'POST grüß');
    const empty = await fetch(serving.url, { method: 'DELETE' });
    assert.deepEqual([empty.status, empty.body], [204, null]);
    await assert.rejects(fetch(`${serving.url}/slow`, { signal: AbortSignal.timeout(20) }), { name: 'TimeoutError' });
    await assert.rejects(fetch(`${serving.url}/slow`, { timeoutMs: 20 }), { code: 'ERR_SDK_REQUEST' });
    await assert.rejects(fetch('https://localhost:1'), { code: 'ERR_SDK_REQUEST', kind: 'unavailable' });
  });

  it('leaves a connection that was taken over alone, whatever becomes of its root', async (t) => {
    const { cloud, kubernetes } = federation;
    const serving = await serve(t, cloud, { ...longLived, trust: 'federation' });
    serving.server.on('upgrade', (_request, socket) => {
      socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n');
      socket.on('error', () => {}).pipe(socket);
    });
    const foreign = await call(t, kubernetes, 'foreign', { ...longLived, trust: 'federation' });
    const asked = request(serving.url, { agent: foreign.agent, headers: { Connection: 'Upgrade', Upgrade: 'echo' } });
    asked.end();
    const [, socket] = (await once(asked, 'upgrade')) as [unknown, TLSSocket];
    t.after(() => socket.destroy());
    await cloud.reload((config) => {
      config.federatedRoots = [];
    });
    await serving.identity.renew();
    socket.write('still here');
    const [echo] = await once(socket, 'data');
    assert.equal(String(echo), 'still here');
  });

  it('lets answers finish when it closes, and ends what does not', async (t) => {
    const { cloud } = federation;
    const go = Promise.withResolvers<void>();
    const asked = Promise.withResolvers<void>();
    const serving = await serve(t, cloud, longLived, async (incoming, outgoing) => {
      if (incoming.url === '/stuck') return asked.resolve();
      await go.promise;
      outgoing.end('finished');
    });
    const client = await call(t, cloud, 'client', longLived);
    const answer = client.fetch(serving.url);
    const stuck = client.fetch(`${serving.url}/stuck`);
    await asked.promise;
    const closing = serving.close(500);
    go.resolve();
    assert.equal(await (await answer).text(), 'finished');
    await assert.rejects(stuck, { code: 'ERR_SDK_REQUEST', kind: 'unavailable' });
    await closing;
    await assert.rejects(serving.identity.renew(), { code: 'ERR_SDK_CLOSED' });
    await client.close();
    await assert.rejects(client.fetch(serving.url), { code: 'ERR_SDK_CLOSED' });
  });

  it('renews by the clock that it is given', async (t) => {
    const { cloud } = federation;
    const clock = new FakeClock(Date.now());
    const identity = await bootstrapIdentity(await cloud.token('timed'), { notAfter: '10m', clock, random: () => 0 });
    t.after(() => identity.close());
    const { serial } = identity.certificate;
    const renewed = next({ identity }, 'renewed');
    await clock.advance(identity.nextRenewal - clock.now());
    const [certificate] = await renewed;
    assert.notEqual((certificate as { serial: string }).serial, serial);
  });

  it('keeps any TLS server fresh', async (t) => {
    const { cloud } = federation;
    const identity = await bootstrapIdentity(await cloud.token('localhost'), longLived);
    t.after(() => identity.close());
    const server = createServer(mtlsServerOptions(identity), (socket) => socket.end('hello'));
    const unfollow = followIdentity(identity, server);
    t.after(() => {
      unfollow();
      server.close();
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const serialSeen = async (): Promise<bigint> => {
      const { cert, key, ca } = identity.tlsMaterial('roots');
      const { port } = server.address() as AddressInfo;
      const socket = connect({ port, host: '127.0.0.1', servername: 'localhost', cert, key, ca: [...ca] });
      await once(socket, 'secureConnect');
      const serial = BigInt(`0x${socket.getPeerCertificate().serialNumber}`);
      socket.destroy();
      return serial;
    };
    const first = await serialSeen();
    assert.equal(String(first), identity.certificate.serial);
    await identity.renew();
    assert.notEqual(identity.certificate.serial, String(first));
    assert.equal(String(await serialSeen()), identity.certificate.serial);
  });

  it('refuses a token that was used, one of another CA, and what is none', async () => {
    const { cloud, kubernetes } = federation;
    const token = await cloud.token('once');
    await (await bootstrapIdentity(token)).close();
    await assert.rejects(bootstrapIdentity(token), { code: 'ERR_CA_REFUSED', kind: 'unauthenticated' });
    // the root in the token is not that of the CA at the address
    const foreign = bootstrapIdentity(await cloud.token('x'), { caUrl: kubernetes.url });
    await assert.rejects(foreign, (error: { code: string }) => /^ERR_CA_(UNTRUSTED|REFUSED)$/.test(error.code));
    await assert.rejects(bootstrapIdentity('hello'), { code: 'ERR_SDK_TOKEN' });
  });
});
