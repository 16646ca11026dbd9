/** The one connection that an enrolment goes over: what it carries, and what makes it give up. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import {
  CaClient,
  fetchRootByFingerprint,
  fetchRootsByFingerprint,
  KeptConnection,
} from '../../lib/ca-client/index.ts';
import { createFakeIssuer, type FakeIssuer, newKey } from '../../lib/certificate-files/fake-issuer.ts';
import { encodePrivateKeyPem } from '../../lib/crypto/index.ts';

const hour = 3_600_000;
const now = Date.now();
const issuer = createFakeIssuer(now);
const other = createFakeIssuer(now);

type Plan = {
  /** Who signed the server's certificate. */
  readonly signedBy?: FakeIssuer;
  readonly sans?: readonly string[];
  readonly notAfter?: number;
  /** What GET /roots lists. */
  readonly roots?: readonly string[];
  /** Closes the connection after so many answers. */
  readonly closesAfter?: number;
};

/** A CA that serves `issuer`'s root, whoever signed its certificate, and counts what reaches it. */
async function serve(t: TestContext, { signedBy = issuer, sans, notAfter, roots, closesAfter = 99 }: Plan = {}) {
  const key = newKey();
  const times = { notBefore: now - 2 * hour, notAfter: notAfter ?? now + hour };
  const cert = signedBy.issueChain({ ...times, sans: [...(sans ?? ['localhost'])], key }).join('');
  const seen = { connections: 0, paths: [] as string[], bodies: [] as string[] };
  const leaf = issuer.issueChain({ ...times, sans: ['web'], key: newKey() });
  const answers: Readonly<Record<string, unknown>> = {
    [`/root/${issuer.rootFingerprint}`]: { ca: issuer.rootPem },
    '/roots': { crts: roots ?? [other.rootPem, issuer.rootPem] },
    '/sign': { crt: leaf[0], ca: leaf[1], certChain: leaf },
  };
  const server = createServer({ cert, key: encodePrivateKeyPem(key) }, (incoming, outgoing) => {
    seen.paths.push(incoming.url ?? '');
    let body = '';
    incoming.on('data', (chunk) => {
      body += chunk;
    });
    incoming.on('end', () => {
      seen.bodies.push(body);
      const answer = answers[incoming.url ?? ''];
      const last = seen.paths.length >= closesAfter;
      outgoing.writeHead(answer ? 200 : 404, last ? { Connection: 'close' } : {}).end(JSON.stringify(answer ?? {}));
    });
  });
  server.on('connection', () => {
    seen.connections++;
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const connection = new KeptConnection();
  t.after(async () => {
    connection.close();
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  });
  const url = `https://localhost:${(server.address() as AddressInfo).port}`;
  const client = (more = {}) => new CaClient({ url, roots: [issuer.rootPem], connection, ...more });
  return { url, seen, connection, client };
}

const request = { csr: 'csr', ott: 'secret-token' };
const sentToken = (seen: { readonly bodies: readonly string[] }) => seen.bodies.join('').includes('secret-token');

describe('an enrolment over one connection', () => {
  it('asks for the roots, vouches for the connection by the pinned one, and signs over it', async (t) => {
    const { url, seen, connection, client } = await serve(t);
    const roots = await fetchRootsByFingerprint(url, issuer.rootFingerprint, { connection });
    assert.deepEqual(roots, [issuer.rootPem, other.rootPem]);
    assert.equal((await client().sign(request)).chainPem.length, 2);
    assert.equal((await client().roots()).length, 2);
    assert.deepEqual(seen.paths, ['/roots', '/sign', '/roots']);
    assert.equal(seen.connections, 1);
  });

  it('asks for the one root when the list does not have it', async (t) => {
    const { url, seen, connection, client } = await serve(t, { roots: [other.rootPem] });
    assert.equal(await fetchRootsByFingerprint(url, issuer.rootFingerprint, { connection }), undefined);
    assert.equal(await fetchRootByFingerprint(url, issuer.rootFingerprint, { connection }), issuer.rootPem);
    await client().sign(request);
    assert.deepEqual(seen.paths, ['/roots', `/root/${issuer.rootFingerprint}`, '/sign']);
  });

  it('goes on over a new connection when the server has closed the first', async (t) => {
    const { url, seen, connection, client } = await serve(t, { closesAfter: 1 });
    await fetchRootsByFingerprint(url, issuer.rootFingerprint, { connection });
    await client().sign(request);
    assert.equal(seen.connections, 2);
  });

  it('keeps no connection that has been idle for longer than a server may wait', async (t) => {
    const { url, seen, client } = await serve(t);
    const connection = new KeptConnection(0);
    t.after(() => connection.close());
    await fetchRootsByFingerprint(url, issuer.rootFingerprint, { connection });
    await client({ connection }).sign(request);
    assert.equal(seen.connections, 2);
  });
});

describe('a connection that cannot be vouched for', () => {
  const plans: Readonly<Record<string, { readonly plan: Plan; readonly reason: string }>> = {
    'somebody in between who passes the root on': {
      plan: { signedBy: other },
      reason: 'SELF_SIGNED_CERT_IN_CHAIN',
    },
    'a server of another name': { plan: { sans: ['elsewhere'] }, reason: 'ERR_TLS_CERT_ALTNAME_INVALID' },
    'a server whose certificate has expired': { plan: { notAfter: now - hour }, reason: 'CERT_HAS_EXPIRED' },
  };
  for (const [name, { plan, reason }] of Object.entries(plans)) {
    it(`never sees the token: ${name}`, async (t) => {
      const { url, seen, connection, client } = await serve(t, plan);
      assert.equal(await fetchRootsByFingerprint(url, issuer.rootFingerprint, { connection }), undefined);
      assert.equal(await fetchRootByFingerprint(url, issuer.rootFingerprint, { connection }), issuer.rootPem);
      await assert.rejects(
        client().sign(request),
        (error: Error & { code?: string; context?: { reason?: string } }) => {
          assert.equal(error.code, 'ERR_CA_UNTRUSTED');
          if (reason !== 'SELF_SIGNED_CERT_IN_CHAIN') assert.equal(error.context?.reason, reason);
          return true;
        },
      );
      assert.ok(!sentToken(seen));
    });
  }

  it('is not used although nobody asked whether it may be', async (t) => {
    const { url, seen, connection, client } = await serve(t, { signedBy: other });
    await new CaClient({ url, roots: [other.rootPem], connection }).roots();
    await assert.rejects(client().sign(request), { code: 'ERR_CA_UNTRUSTED' });
    assert.ok(!sentToken(seen));
  });

  it('is not used by a client that shows a certificate, which would stay unseen', async (t) => {
    const { url, seen, connection, client } = await serve(t);
    await fetchRootsByFingerprint(url, issuer.rootFingerprint, { connection });
    const key = newKey();
    const certPem = issuer.issueChain({ notBefore: now - hour, notAfter: now + hour, sans: ['web'], key }).join('');
    await client({ clientCertificate: { certPem, keyPem: encodePrivateKeyPem(key) } }).roots();
    assert.equal(seen.connections, 2);
  });
});
