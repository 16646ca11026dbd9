/** lib/ca-client against servers on loopback that misbehave in every way that a real CA does not. */
import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { createServer, type Server as HttpsServer, type ServerOptions } from 'node:https';
import { type AddressInfo, createServer as createTcpServer, type Server } from 'node:net';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { CaClient, fetchRootByFingerprint, requestBootstrap } from '../../lib/ca-client/index.ts';
import { createFakeIssuer, newKey } from '../../lib/certificate-files/fake-issuer.ts';
import { encodePrivateKeyPem } from '../../lib/crypto/index.ts';
import type { AppError } from '../../lib/errors/index.ts';
import { initCa, startCaProcess } from '../peers/certificate-authority.ts';

const hour = 3_600_000;
const now = Date.now();
const issuer = createFakeIssuer(now);
const other = createFakeIssuer(now);

type Handler = NonNullable<Parameters<typeof createServer>[1]>;

async function listen(t: TestContext, server: Server | HttpsServer): Promise<string> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const sockets = new Set<{ destroy(): unknown }>();
  server.on('connection', (socket) => sockets.add(socket));
  t.after(async () => {
    for (const socket of sockets) socket.destroy();
    server.close();
    await once(server, 'close');
  });
  return `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** A TLS server with a certificate for 127.0.0.1 unless told otherwise. */
function serve(
  t: TestContext,
  handler: Handler,
  certificate: Partial<Parameters<typeof issuer.issueChain>[0]> = {},
  options: ServerOptions = {},
): Promise<string> {
  const key = newKey();
  const times = { notBefore: now - hour, notAfter: now + hour };
  const cert = issuer.issueChain({ ...times, sans: ['127.0.0.1'], key, ...certificate }).join('');
  return listen(t, createServer({ cert, key: encodePrivateKeyPem(key), ...options }, handler));
}

const json =
  (status: number, body: unknown): Handler =>
  (_incoming, outgoing) =>
    void outgoing.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(body));

const client = (url: string, change = {}): CaClient => new CaClient({ url, roots: [issuer.rootPem], ...change });

describe('CaClient', () => {
  it('trusts the given roots only', async (t) => {
    const url = await serve(t, json(200, { status: 'ok' }));
    assert.deepEqual(await client(url).health(), { status: 'ok' });
    await assert.rejects(client(url, { roots: [other.rootPem] }).health(), {
      code: 'ERR_CA_UNTRUSTED',
      kind: 'forbidden',
    });
  });

  const untrusted: [string, Parameters<typeof serve>[2], string, RegExp][] = [
    ['for another name', { sans: ['ca.example'] }, 'ERR_TLS_CERT_ALTNAME_INVALID', /dnsNames/],
    ['that has expired', { notBefore: now - 2 * hour, notAfter: now - hour }, 'CERT_HAS_EXPIRED', /clocks/],
    ['from the future', { notBefore: now + hour, notAfter: now + 2 * hour }, 'CERT_NOT_YET_VALID', /clocks/],
  ];
  for (const [name, certificate, reason, hint] of untrusted) {
    it(`does not trust a certificate ${name}, and says so`, async (t) => {
      const url = await serve(t, json(200, { status: 'ok' }), certificate);
      await assert.rejects(client(url).health(), { code: 'ERR_CA_UNTRUSTED', context: { reason }, hint });
    });
  }

  it('sends un-prefixed paths, its name and a request id, whatever path the address has', async (t) => {
    const seen: string[] = [];
    const url = await serve(t, (incoming, outgoing) => {
      seen.push(
        `${incoming.method} ${incoming.url} ${incoming.headers['user-agent']} ${incoming.headers['x-request-id']}`,
      );
      json(200, { status: 'ok' })(incoming, outgoing);
    });
    await client(`${url}/1.0/`, { userAgent: 'test/1' }).health();
    assert.match(seen.join(), /^GET \/health test\/1 [0-9a-f-]{36}$/);
  });

  it('asks for every page of provisioners', async (t) => {
    const url = await serve(t, (incoming, outgoing) => {
      const cursor = new URL(incoming.url ?? '', 'https://x').searchParams.get('cursor');
      const next = cursor === null ? 'a' : cursor === 'a' ? 'b' : '';
      json(200, { provisioners: [{ name: `after ${cursor}` }], nextCursor: next })(incoming, outgoing);
    });
    const names = (await client(url).provisioners()).map(({ name }) => name);
    assert.deepEqual(names, ['after null', 'after a', 'after b']);
  });

  it('shows its certificate and takes a new connection each time', async (t) => {
    const sockets = new Set<unknown>();
    const names: string[] = [];
    const handler: Handler = (incoming, outgoing) => {
      const { subject } = (
        incoming.socket as unknown as { getPeerCertificate(): { subject: { CN: string } } }
      ).getPeerCertificate();
      names.push(subject.CN);
      sockets.add(incoming.socket);
      json(201, { certChain: issuer.issueChain({ notBefore: now, notAfter: now + hour }) })(incoming, outgoing);
    };
    const url = await serve(t, handler, {}, { requestCert: true, ca: issuer.rootPem });
    const { chainPem, keyPem } = issuer.issueSet({ commonName: 'pod', notBefore: now - hour, notAfter: now + hour });
    const renewing = client(url, { clientCertificate: { certPem: chainPem, keyPem } });
    await renewing.renew();
    await renewing.renew();
    assert.equal(sockets.size, 2);
    assert.deepEqual(names, ['pod', 'pod']);
  });

  it('knows a client certificate that step-ca refuses in the handshake from a CA that is down', async (t) => {
    const files = await initCa('step-ca');
    const ca = await startCaProcess('step-ca', files);
    t.after(async () => {
      await ca.kill();
      await files.remove();
    });
    const roots = [readFileSync(join(files.folder, 'certs/root_ca.crt'), 'utf8')];
    const { chainPem, keyPem } = other.issueSet({ notBefore: now - hour, notAfter: now + hour });
    const renewing = client(ca.url, { roots, clientCertificate: { certPem: chainPem, keyPem } });
    await assert.rejects(renewing.renew(), { code: 'ERR_CA_REFUSED', kind: 'unauthenticated' });
  });
});

describe('a CA that cannot be reached', () => {
  const rows: [string, (t: TestContext) => Promise<string>, RegExp | undefined][] = [
    ['is not there', () => Promise.resolve('https://127.0.0.1:1'), undefined],
    ['has a name that nobody knows', () => Promise.resolve('https://ca.invalid'), undefined],
    [
      'speaks plain HTTP',
      (t) =>
        listen(
          t,
          createHttpServer((_, outgoing) => void outgoing.end('hello')),
        ),
      /plain HTTP/,
    ],
    [
      'closes each connection',
      (t) =>
        listen(
          t,
          createTcpServer((socket) => void socket.destroy()),
        ),
      undefined,
    ],
    ['never answers', (t) => serve(t, () => {}), undefined],
    [
      'stops in the middle',
      (t) => serve(t, (_, outgoing) => void outgoing.writeHead(200, { 'Content-Length': 99 }).write('{"st')),
      undefined,
    ],
  ];
  for (const [name, start, hint] of rows) {
    it(`because it ${name} is unavailable`, async (t) => {
      const url = await start(t);
      await assert.rejects(client(url, { timeoutMs: 300 }).health(), (error: AppError) => {
        assert.equal(error.code, 'ERR_CA_UNREACHABLE');
        assert.equal(error.kind, 'unavailable');
        assert.ok(error.message.includes(url));
        if (hint) assert.match(error.hint ?? '', hint);
        return true;
      });
    });
  }

  it('is left alone when the program ends', async (t) => {
    const stop = new AbortController();
    const url = await serve(t, () => stop.abort());
    await assert.rejects(client(url, { signal: stop.signal }).health(), { code: 'ERR_CANCELLED' });
    await assert.rejects(client(url, { signal: stop.signal }).health(), { code: 'ERR_CANCELLED' });
  });

  it('is cut off when its answer does not end', async (t) => {
    const url = await serve(t, (_incoming, outgoing) => {
      const pour = (): void => {
        while (!outgoing.destroyed && outgoing.write(Buffer.alloc(65_536, 0x20)));
        if (!outgoing.destroyed) outgoing.once('drain', pour);
      };
      pour();
    });
    await assert.rejects(client(url).health(), { code: 'ERR_CA_ANSWER', message: /larger than/ });
  });
});

describe('fetchRootByFingerprint', () => {
  it('takes the root from a server that it cannot know yet', async (t) => {
    const url = await serve(t, json(200, { ca: issuer.rootPem }));
    assert.equal(await fetchRootByFingerprint(url, issuer.rootFingerprint.toUpperCase()), issuer.rootPem);
  });

  it('takes no other root', async (t) => {
    const url = await serve(t, json(200, { ca: other.rootPem }));
    await assert.rejects(fetchRootByFingerprint(url, issuer.rootFingerprint), {
      code: 'ERR_CA_FINGERPRINT',
      kind: 'forbidden',
    });
  });

  it('says what to compare when the CA does not have it', async (t) => {
    const url = await serve(
      t,
      json(404, { status: 404, message: 'root certificate with fingerprint "x" was not found' }),
    );
    await assert.rejects(fetchRootByFingerprint(url, issuer.rootFingerprint), {
      code: 'ERR_CA_REFUSED',
      kind: 'not-found',
      hint: /fingerprint/,
    });
  });
});

describe('requestBootstrap', () => {
  const grant = { ott: 'a.b.c', caUrl: 'https://ca', fingerprint: 'ff', subject: 'web', sans: ['web'] };

  it('sends token and CSR to the path it was told', async (t) => {
    const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const csrPem = publicKey.export({ type: 'spki', format: 'pem' }).toString();
    let seen = '';
    const url = await serve(t, (incoming, outgoing) => {
      incoming.on('data', (chunk: Buffer) => {
        seen += `${incoming.method} ${incoming.url} ${incoming.headers.authorization} ${chunk.toString()}`;
      });
      incoming.on('end', () => json(200, grant)(incoming, outgoing));
    });
    const answer = await requestBootstrap(`${url}/v1/bootstrap`, {
      roots: [issuer.rootPem],
      token: 'sa-token',
      csrPem,
    });
    assert.equal(seen, `POST /v1/bootstrap Bearer sa-token ${JSON.stringify({ csr: csrPem })}`);
    assert.deepEqual(answer, { ...grant, notAfter: undefined });
  });

  it('gives the token to no server that it does not trust', async (t) => {
    let asked = false;
    const url = await serve(t, () => {
      asked = true;
    });
    const request = { roots: [other.rootPem], token: 'sa-token', csrPem: '' };
    await assert.rejects(requestBootstrap(`${url}/v1/bootstrap`, request), {
      code: 'ERR_CA_UNTRUSTED',
      message: /^webhook: bootstrap/,
    });
    assert.equal(asked, false);
  });
});
