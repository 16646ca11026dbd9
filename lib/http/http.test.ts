import assert from 'node:assert/strict';
import { once } from 'node:events';
import { request } from 'node:https';
import { connect, type Socket } from 'node:net';
import { afterEach, describe, it } from 'node:test';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { encodePrivateKeyPem, generatePrivateKey, publicKeyDer } from '../crypto/index.ts';
import { encodePem } from '../encoding/index.ts';
import { buildRootCertificate, createLeafIssuer, parseCertificate } from '../x509/index.ts';
import {
  closeGracefully,
  createTlsServer,
  formatListenAddress,
  listen,
  parseListenAddress,
  replaceSecureContext,
  type TlsServerOptions,
} from './index.ts';

const hourMs = 3_600_000;

async function makeAuthority(name: string) {
  const key = await generatePrivateKey();
  const notBefore = Date.now() - hourMs;
  const der = buildRootCertificate({ subject: { commonName: name }, key, notBefore, notAfter: notBefore + 9 * hourMs });
  const issuer = createLeafIssuer(parseCertificate(der), key);
  return {
    rootPem: encodePem('CERTIFICATE', der),
    async leaf(commonName: string, validity = { notBefore, notAfter: notBefore + 2 * hourMs }) {
      const leafKey = await generatePrivateKey();
      const leafDer = issuer.issue({
        subject: { commonName },
        sans: [commonName],
        publicKeyDer: publicKeyDer(leafKey),
        ...validity,
      });
      return { cert: encodePem('CERTIFICATE', leafDer), key: encodePrivateKeyPem(leafKey) };
    },
  };
}

const ours = await makeAuthority('Ours');
const foreign = await makeAuthority('Foreign');
const serverLeaf = await ours.leaf('localhost');
const clientLeaf = await ours.leaf('client');
const foreignLeaf = await foreign.leaf('client');
const expiredLeaf = await ours.leaf('client', { notBefore: Date.now() - 2 * hourMs, notAfter: Date.now() - hourMs });

const cleanups: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup();
});

async function start(options: Partial<TlsServerOptions> = {}) {
  const server = createTlsServer({ secureContext: { ...serverLeaf, ca: ours.rootPem }, ...options });
  server.on('request', (incoming, response) => {
    response.end((incoming.socket as TLSSocket).getPeerX509Certificate() ? 'with certificate' : 'anonymous');
  });
  const { port } = await listen(server, '127.0.0.1:0');
  cleanups.push(() => closeGracefully(server, 0));
  return { server, port };
}

type Credentials = { cert?: string; key?: string };

function get(port: number, credentials: Credentials = {}): Promise<string> {
  return new Promise((resolve, reject) => {
    const outgoing = request(
      { host: '127.0.0.1', port, servername: 'localhost', ca: ours.rootPem, agent: false, ...credentials },
      async (response) => {
        let text = '';
        for await (const chunk of response) text += chunk;
        resolve(text);
      },
    );
    outgoing.on('error', reject);
    outgoing.end();
  });
}

async function readToEnd(socket: Socket): Promise<string> {
  let text = '';
  socket.on('data', (chunk) => {
    text += chunk;
  });
  socket.on('error', () => {}); // a reset is an end
  await once(socket, 'close');
  return text;
}

describe('parseListenAddress', () => {
  const rows: [string, { host: string; port: number }][] = [
    [':4443', { host: '', port: 4443 }],
    ['127.0.0.1:0', { host: '127.0.0.1', port: 0 }],
    ['[::1]:443', { host: '::1', port: 443 }],
    ['localhost:9000', { host: 'localhost', port: 9000 }],
  ];
  for (const [text, want] of rows) {
    it(`reads ${text}`, () => {
      assert.deepEqual(parseListenAddress(text), want);
      assert.equal(formatListenAddress(want), text);
    });
  }
  for (const text of ['', '443', 'localhost', '::1:443', '[::1]', '[x]:1', ':65536', ':-1', 'a:b', ':1:2']) {
    it(`refuses "${text}"`, () =>
      assert.throws(() => parseListenAddress(text), { code: 'ERR_LISTEN_ADDRESS', kind: 'invalid' }));
  }
});

describe('createTlsServer', () => {
  it('answers plain HTTP on the TLS port in clear', async () => {
    const { port } = await start();
    const socket = connect(port, '127.0.0.1');
    for (const part of ['GE', 'T /health HTTP/1.1\r\nHost: localhost\r\n\r\n']) socket.write(part);
    assert.match(await readToEnd(socket), /^HTTP\/1\.0 400 Bad Request\r\n\r\nClient sent an HTTP request/);
  });

  it('closes a connection that speaks neither TLS nor HTTP and serves the next one', async () => {
    const { port } = await start();
    const socket = connect(port, '127.0.0.1');
    socket.write('\0\u0001\u0002\u0003\u0004\u0005\u0006\u0007');
    assert.doesNotMatch(await readToEnd(socket), /HTTP/);
    assert.equal(await get(port), 'anonymous');
  });

  const silence: { name: string; send: (socket: Socket) => void }[] = [
    { name: 'sends nothing', send: () => {} },
    { name: 'stops in the middle of a handshake', send: (socket) => socket.write(Buffer.from('1603010200', 'hex')) },
  ];
  for (const { name, send } of silence) {
    it(`closes a connection that ${name}`, async () => {
      const { port } = await start({ limits: { handshakeTimeoutMs: 100 } });
      const socket = connect(port, '127.0.0.1');
      send(socket);
      await readToEnd(socket);
    });
  }

  it('closes a connection that drips a request', async () => {
    const { port } = await start({ limits: { headersTimeoutMs: 200, requestTimeoutMs: 300 } });
    const socket = connectTls({ port, host: '127.0.0.1', ca: ours.rootPem, servername: 'localhost' });
    socket.write('POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n');
    assert.match(await readToEnd(socket), /^(HTTP\/1\.1 408 |$)/);
  });

  it('makes room for a newcomer by giving up the connection that has been silent for longest', async () => {
    const { port } = await start({ limits: { maxConnections: 3 } });
    const silent = await Promise.all(
      [1, 2, 3].map(async () => {
        const socket = connect(port, '127.0.0.1').resume();
        await once(socket, 'connect');
        return socket;
      }),
    );
    const firstToEnd = Promise.race(silent.map((socket) => once(socket, 'close').then(() => socket)));
    assert.equal(await get(port), 'anonymous');
    assert.equal(await firstToEnd, silent[0]);
    for (const socket of silent) socket.destroy();
  });

  it('refuses a newcomer while all others are being answered, and closes those that wait', async () => {
    const { port } = await start({ limits: { maxConnections: 1 } });
    const waiting = connectTls({ port, host: '127.0.0.1', ca: ours.rootPem, servername: 'localhost' });
    await once(waiting, 'secureConnect');
    waiting.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
    await once(waiting, 'data');
    const ended = once(waiting, 'close');
    await assert.rejects(get(port));
    await ended;
    assert.equal(await get(port), 'anonymous');
  });

  it('serves new connections with a replaced certificate and keeps open ones', async () => {
    const { server, port } = await start();
    const open = connectTls({ port, host: '127.0.0.1', ca: ours.rootPem, servername: 'localhost' });
    await once(open, 'secureConnect');
    replaceSecureContext(server, await foreign.leaf('localhost'));
    await assert.rejects(get(port), /unable to verify|self-signed|UNABLE_TO/);
    open.write('GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n');
    assert.match(await readToEnd(open), /^HTTP\/1\.1 200 /);
  });
});

describe('client authentication', () => {
  const rows: { name: string; mode: 'none' | 'if-given' | 'required'; credentials: Credentials; want: string }[] = [
    { name: 'none', mode: 'none', credentials: clientLeaf, want: 'anonymous' },
    { name: 'if-given', mode: 'if-given', credentials: {}, want: 'anonymous' },
    { name: 'if-given', mode: 'if-given', credentials: clientLeaf, want: 'with certificate' },
    { name: 'if-given', mode: 'if-given', credentials: foreignLeaf, want: 'refused' },
    { name: 'if-given', mode: 'if-given', credentials: expiredLeaf, want: 'refused' },
    { name: 'required', mode: 'required', credentials: {}, want: 'refused' },
    { name: 'required', mode: 'required', credentials: clientLeaf, want: 'with certificate' },
  ];
  const label = (credentials: Credentials): string => {
    if (credentials === foreignLeaf) return 'a certificate of another authority';
    if (credentials === expiredLeaf) return 'an expired certificate';
    return credentials === clientLeaf ? 'its certificate' : 'no certificate';
  };
  for (const { name, mode, credentials, want } of rows) {
    it(`${name}: a client with ${label(credentials)} is ${want}`, async () => {
      const { port } = await start({ clientAuthentication: mode });
      if (want === 'refused') await assert.rejects(get(port, credentials));
      else assert.equal(await get(port, credentials), want);
    });
  }
});

describe('a client that shows another certificate later', () => {
  /** Renegotiation is how TLS 1.2 lets a client do that. */
  async function renegotiate(port: number, version: 'TLSv1.2' | 'TLSv1.3'): Promise<string> {
    const options = { host: '127.0.0.1', servername: 'localhost', ca: ours.rootPem, minVersion: version };
    const socket = connectTls({ port, ...options, maxVersion: version, ...clientLeaf });
    await once(socket, 'secureConnect');
    try {
      const [error] = await Promise.race([
        new Promise<[Error | null]>((resolve) => {
          if (!socket.renegotiate({}, (failure) => resolve([failure]))) resolve([new Error('not offered')]);
        }),
        once(socket, 'error'),
        once(socket, 'close').then(() => [new Error('closed')]),
      ]);
      return error ? 'refused' : 'renegotiated';
    } catch {
      return 'refused';
    } finally {
      socket.destroy();
    }
  }

  for (const clientAuthentication of ['if-given', 'required'] as const) {
    it(`cannot: ${clientAuthentication}`, async () => {
      const { server, port } = await start({ clientAuthentication });
      assert.equal(await renegotiate(port, 'TLSv1.2'), 'refused');
      assert.equal(await renegotiate(port, 'TLSv1.3'), 'refused');
      replaceSecureContext(server, { ...serverLeaf, ca: ours.rootPem });
      assert.equal(await renegotiate(port, 'TLSv1.2'), 'refused', 'after a change of the context');
    });
  }
});

describe('listen and closeGracefully', () => {
  it('fails at once when the port is taken', async () => {
    const { port } = await start();
    const second = createTlsServer({ secureContext: serverLeaf });
    await assert.rejects(listen(second, `127.0.0.1:${port}`), { code: 'ERR_LISTEN', kind: 'unavailable' });
  });

  it('lets a request in flight finish and takes no new one', async () => {
    const server = createTlsServer({ secureContext: serverLeaf });
    const arrived = once(server, 'request');
    const { port } = await listen(server, '127.0.0.1:0');
    const answer = get(port);
    const [, response] = await arrived;
    const closed = closeGracefully(server, 60_000);
    await assert.rejects(get(port));
    response.end('finished');
    assert.equal(await answer, 'finished');
    await closed;
  });

  it('ends connections that never spoke, and those whose time is up', async () => {
    const { server, port } = await start();
    const silent = connect(port, '127.0.0.1');
    await once(silent, 'connect');
    const silenceEnds = readToEnd(silent);
    server.removeAllListeners('request'); // a request that is never answered
    const stuck = get(port).catch(() => 'ended');
    await once(server, 'request');
    await closeGracefully(server, 50);
    assert.equal(await stuck, 'ended');
    await silenceEnds;
  });
});
