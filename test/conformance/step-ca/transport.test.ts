/** Items 29 and 33: versions of HTTP and TLS, and a body that no client sends. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect as connectHttp2 } from 'node:http2';
import { connect as connectTcp } from 'node:net';
import { it } from 'node:test';
import { type ConnectionOptions, connect } from 'node:tls';
import { ask } from '../../integration/ca-requests.ts';
import { onOneCa } from './one-ca.ts';
import { rawAnswer } from './raw-answer.ts';

onOneCa('transport', (ca) => {
  type Handshake = { readonly protocol: string | null; readonly alpn: string | false | null; readonly cipher: string };

  /** Undefined when the handshake failed. */
  const handshake = (options: ConnectionOptions): Promise<Handshake | undefined> =>
    new Promise((resolve) => {
      const socket = connect({ host: '127.0.0.1', port: ca.port, rejectUnauthorized: false, ...options });
      socket.once('secureConnect', () => {
        resolve({ protocol: socket.getProtocol(), alpn: socket.alpnProtocol, cipher: socket.getCipher().name });
        socket.destroy();
      });
      socket.once('error', () => resolve(undefined));
    });

  it('29: a client of HTTP/1.1 is served, with ALPN and without', async () => {
    assert.equal((await handshake({ ALPNProtocols: ['http/1.1'] }))?.alpn, 'http/1.1');
    assert.equal((await handshake({}))?.alpn, false);
    assert.equal((await rawAnswer(ca.port, '/health')).status, 200);
  });

  it('29: a client that offers h2 and HTTP/1.1 gets h2 from step-ca, HTTP/1.1 here', async () => {
    const offered = await handshake({ ALPNProtocols: ['h2', 'http/1.1'] });
    assert.equal(offered?.alpn, ca.differs('h2', 'http/1.1'));
  });

  it('29: a client of h2 alone is served by step-ca, and refused in the handshake here', async () => {
    const session = connectHttp2(`https://127.0.0.1:${ca.port}`, { rejectUnauthorized: false });
    const status = await new Promise((resolve) => {
      session.once('error', () => resolve(0));
      session.once('connect', () => {
        const stream = session.request({ ':path': '/health' });
        stream.once('response', (headers) => resolve(headers[':status']));
        stream.once('error', () => resolve(0));
        stream.resume();
      });
    });
    session.destroy();
    assert.equal(status, ca.differs(200, 0));
  });

  it('29: TLS 1.2 with one of its two suites, TLS 1.3 with any', async () => {
    const of = (ciphers: string) => handshake({ minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2', ciphers });
    for (const suite of ['ECDHE-ECDSA-CHACHA20-POLY1305', 'ECDHE-ECDSA-AES128-GCM-SHA256']) {
      assert.deepEqual(await of(suite), { protocol: 'TLSv1.2', alpn: false, cipher: suite });
    }
    assert.equal((await handshake({ minVersion: 'TLSv1.3' }))?.protocol, 'TLSv1.3');
  });

  it('29: TLS 1.2 with RSA suites alone, or with others, fails, and so does TLS 1.1', async () => {
    const of = (ciphers: string) => handshake({ minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2', ciphers });
    for (const suite of [
      'ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-CHACHA20-POLY1305:AES128-GCM-SHA256',
      'ECDHE-ECDSA-AES256-GCM-SHA384',
      'ECDHE-ECDSA-AES128-SHA',
    ]) {
      assert.equal(await of(suite), undefined, suite);
    }
    const old = { minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' } as const;
    assert.equal(await handshake(old), undefined);
  });

  it('29: HTTP in clear is told so', async () => {
    const socket = connectTcp(ca.port, '127.0.0.1');
    socket.end('GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n');
    let text = '';
    socket.on('data', (chunk) => {
      text += chunk;
    });
    await once(socket, 'close');
    assert.match(text, /^HTTP\/1\.[01] 400 Bad Request\r\n/);
    assert.match(text, /Client sent an HTTP request to an HTTPS server\.\n$/);
  });

  it('33: a body of 8 MB is read by step-ca, and 413 as JSON here', async () => {
    const templateData = { padding: 'x'.repeat(8 * 1024 * 1024) };
    const body = JSON.stringify({ csr: ca.bench.csr(), ott: ca.bench.token(), templateData });
    const { status, body: answer } = await ask(ca.port, '/sign', { body });
    assert.equal(status, ca.differs(201, 413));
    if (status === 413) assert.deepEqual([answer.status, Object.keys(answer).sort()], [413, ['message', 'status']]);
  });

  it('33: a body of any size that a client sends is taken', async () => {
    const templateData = { padding: 'x'.repeat(900 * 1024) };
    const body = JSON.stringify({ csr: ca.bench.csr(), ott: ca.bench.token(), templateData });
    assert.equal((await ask(ca.port, '/sign', { body })).status, 201);
  });
});
