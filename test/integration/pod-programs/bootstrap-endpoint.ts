/**
 * `POST /v1/bootstrap` of the webhook, cut down to what a pod sees of it: TLS with a certificate of the CA, a bearer
 * token, a CSR, a one-time token bound to it. The webhook's own tests are elsewhere.
 */
import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';
import { CaClient } from '../../../lib/ca-client/index.ts';
import { encodePrivateKeyPem } from '../../../lib/crypto/index.ts';
import { encodePem, parsePem } from '../../../lib/encoding/index.ts';
import { buildCertificateRequest } from '../../../lib/x509/index.ts';
import type { Authority } from './authority.ts';

export type BootstrapEndpoint = {
  readonly url: string;
  /** Answers before the next ones: a status and a body, or `burnt` for a token that has been used already. */
  readonly script: ({ readonly status: number; readonly body: object } | 'burnt')[];
  /** How many grants were given. */
  readonly granted: () => number;
};

export async function startBootstrapEndpoint(
  t: Pick<TestContext, 'after'>,
  authority: Authority,
  options: { readonly token: string; readonly notAfter?: string },
): Promise<BootstrapEndpoint> {
  const { privateKey: key } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const request = { commonName: '127.0.0.1', sans: ['127.0.0.1'], key };
  const client = new CaClient({ url: authority.url, roots: [authority.rootPem] });
  const csr = encodePem('CERTIFICATE REQUEST', buildCertificateRequest(request));
  const { chainPem } = await client.sign({ csr, ott: authority.createToken('127.0.0.1'), notAfter: '1h' });

  const script: BootstrapEndpoint['script'] = [];
  let granted = 0;
  const server = createServer({ cert: chainPem.join(''), key: encodePrivateKeyPem(key) }, (incoming, outgoing) => {
    const chunks: Buffer[] = [];
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
    incoming.on('end', () => {
      const answer = (status: number, body: object): void => {
        outgoing.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(body));
      };
      if (incoming.headers.authorization !== `Bearer ${options.token}`) {
        return answer(401, { status: 401, code: 'ERR_BOOTSTRAP_TOKEN', message: 'who are you', hint: 'ask' });
      }
      const next = script.shift();
      if (typeof next === 'object') return answer(next.status, next.body);
      const body = JSON.parse(Buffer.concat(chunks).toString()) as { csr: string };
      const csrDer = parsePem(body.csr)[0]?.der ?? Buffer.of();
      granted++;
      answer(200, {
        ott: next === 'burnt' ? burntToken : authority.createToken('web', { csrDer }),
        caUrl: authority.url,
        fingerprint: authority.rootFingerprint,
        subject: 'web',
        sans: ['web'],
        ...(options.notAfter === undefined ? {} : { notAfter: options.notAfter }),
      });
    });
  });
  // A token that the CA knows as used.
  const burntToken = authority.createToken('127.0.0.1');
  await client.sign({ csr, ott: burntToken, notAfter: '1h' });

  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(async () => {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  });
  const { port } = server.address() as AddressInfo;
  return { url: `https://127.0.0.1:${port}/v1/bootstrap`, script, granted: () => granted };
}
