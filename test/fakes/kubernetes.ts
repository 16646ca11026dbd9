/**
 * A Kubernetes API over HTTPS that breaks on command. For faults only: what a healthy API server does is tested against
 * the real one (`test/peers/kubernetes-api.ts`).
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import 'reflect-metadata';
import * as x509 from '@peculiar/x509';

/** Answers one request; may as well never answer. */
export type FakeHandler = (request: IncomingMessage, response: ServerResponse, body: string) => void;

export type FakeKubernetes = {
  readonly kubeconfigPath: string;
  /** What to do with the next requests. Settable at any time. */
  handler: FakeHandler;
  /** TLS connections accepted so far. */
  readonly connections: number;
  /** `METHOD path` of every request so far. */
  readonly requests: readonly string[];
  stop(): Promise<void>;
};

/** Starts the fake on a free port of loopback. */
export async function startFakeKubernetes(handler: FakeHandler): Promise<FakeKubernetes> {
  const folder = mkdtempSync(join(tmpdir(), 'autocert-fake-kubernetes-'));
  const { certPem, keyPem } = await makeServingCertificate();
  const requests: string[] = [];
  let connections = 0;
  const server = createServer({ cert: certPem, key: keyPem }, (request, response) => {
    requests.push(`${request.method} ${request.url}`);
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('error', () => {}); // a client that gives up is what some tests are about
    request.on('end', () => fake.handler(request, response, Buffer.concat(chunks).toString()));
  });
  server.on('secureConnection', () => {
    connections += 1;
  });
  const port = await listen(server);
  const kubeconfigPath = join(folder, 'kubeconfig');
  writeFileSync(kubeconfigPath, kubeconfig(port, certPem), { mode: 0o600 });
  const fake: FakeKubernetes = {
    kubeconfigPath,
    handler,
    requests,
    get connections() {
      return connections;
    },
    async stop() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
      rmSync(folder, { recursive: true, force: true });
    },
  };
  return fake;
}

/** Answers a JSON object as the API server does. */
export function answerJson(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

/** A refusal as the API server words it. */
export function answerStatus(response: ServerResponse, status: number, reason: string, message: string): void {
  answerJson(response, status, { kind: 'Status', apiVersion: 'v1', status: 'Failure', reason, message, code: status });
}

async function makeServingCertificate(): Promise<{ certPem: string; keyPem: string }> {
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
  const keys = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: 'CN=fake kubernetes',
    keys,
    notBefore: new Date(Date.now() - 60_000),
    notAfter: new Date(Date.now() + 3_600_000),
    signingAlgorithm: algorithm,
    extensions: [
      new x509.BasicConstraintsExtension(true),
      new x509.SubjectAlternativeNameExtension([{ type: 'ip', value: '127.0.0.1' }]),
    ],
  });
  const pkcs8 = await crypto.subtle.exportKey('pkcs8', keys.privateKey);
  return { certPem: certificate.toString('pem'), keyPem: x509.PemConverter.encode(pkcs8, 'PRIVATE KEY') };
}

function kubeconfig(port: number, caPem: string): string {
  const cluster = {
    server: `https://127.0.0.1:${port}`,
    'certificate-authority-data': Buffer.from(caPem).toString('base64'),
  };
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'fake', cluster }],
    users: [{ name: 'fake', user: { token: 'fake-token' } }],
    contexts: [{ name: 'fake', context: { cluster: 'fake', user: 'fake' } }],
    'current-context': 'fake',
  });
}

function listen(server: Server): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      resolve(typeof address === 'object' && address ? address.port : 0);
    });
  });
}
