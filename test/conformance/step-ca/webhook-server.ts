/**
 * An HTTPS server that webhooks are sent to, with a certificate of the CA under test: keeps what it was asked, and
 * answers what the test wants.
 */
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import {
  encodePrivateKeyPem,
  generatePrivateKey,
  parsePrivateKeyPem,
  publicKeyDer,
} from '../../../lib/crypto/index.ts';
import { encodePem } from '../../../lib/encoding/index.ts';
import { createLeafIssuer, parseCertificateChainPem } from '../../../lib/x509/index.ts';
import type { CaFiles } from '../../peers/certificate-authority.ts';

export type Question = {
  readonly path: string;
  readonly method: string;
  /** Names as they were sent, without those that every HTTP client has its own of. */
  readonly headers: ReadonlyMap<string, string>;
  readonly text: string;
  readonly body: Readonly<Record<string, unknown>>;
  /** Common name of the client certificate; undefined without one. */
  readonly client: string | undefined;
};

export type Answer = { readonly status?: number; readonly body: unknown };

export type WebhookServer = {
  readonly url: string;
  readonly questions: Question[];
  /** What is answered from now on; `hang` for nothing at all. */
  answer: Answer | 'hang' | ((question: Question) => Answer);
  close(): Promise<void>;
};

export async function startWebhookServer(files: CaFiles): Promise<WebhookServer> {
  const intermediatePem = await readFile(join(files.folder, 'certs/intermediate_ca.crt'), 'utf8');
  const [intermediate] = parseCertificateChainPem(intermediatePem);
  if (!intermediate) throw new Error('no intermediate');
  const issuerPem = await readFile(join(files.folder, 'secrets/intermediate_ca_key'), 'utf8');
  const key = await generatePrivateKey();
  const now = Date.now();
  const leaf = createLeafIssuer(intermediate, parsePrivateKeyPem(issuerPem, files.password)).issue({
    subject: { commonName: 'webhooks' },
    sans: ['localhost'],
    notBefore: now - 60_000,
    notAfter: now + 3_600_000,
    publicKeyDer: publicKeyDer(key),
  });
  const tls = { cert: encodePem('CERTIFICATE', leaf) + intermediatePem, key: encodePrivateKeyPem(key) };
  const server = createServer({ ...tls, requestCert: true, rejectUnauthorized: false }, async (request, response) => {
    let text = '';
    for await (const chunk of request) text += chunk;
    const pairs = request.rawHeaders.flatMap((name, index, all) => (index % 2 ? [] : [[name, all[index + 1] ?? '']]));
    const question: Question = {
      path: request.url ?? '',
      method: request.method ?? '',
      headers: new Map(pairs.filter(([name = '']) => !ownOfClients.has(name)) as [string, string][]),
      text,
      body: JSON.parse(text),
      client: (request.socket as TLSSocket).getPeerX509Certificate()?.subject.replace('CN=', ''),
    };
    handle.questions.push(question);
    const { answer } = handle;
    if (answer === 'hang') return;
    const { status = 200, body } = typeof answer === 'function' ? answer(question) : answer;
    response.writeHead(status).end(typeof body === 'string' ? body : JSON.stringify(body));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const handle: WebhookServer = {
    url: `https://localhost:${(server.address() as AddressInfo).port}`,
    questions: [],
    answer: { body: { allow: true } },
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
  return handle;
}

const ownOfClients = new Set(['Host', 'User-Agent', 'Accept-Encoding', 'Connection']);
