/**
 * The local cluster's API server: routes.ts over HTTPS on loopback, for whoever bears the one token that is in the
 * kubeconfig. Its certificate comes from an authority of its own, made for this run and kept in memory.
 */
import { randomBytes, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { encodePrivateKeyPem, generatePrivateKey, publicKeyDer } from '../../../lib/crypto/index.ts';
import { encodePem } from '../../../lib/encoding/index.ts';
import { closeGracefully, createTlsServer, listen, smallBodyLimitBytes } from '../../../lib/http/index.ts';
import type { Clock } from '../../../lib/time/index.ts';
import { buildRootCertificate, createLeafIssuer, parseCertificate } from '../../../lib/x509/index.ts';
import { type ApiAnswer, type ApiRequest, createRoutes, failure } from './routes.ts';
import type { ServiceAccountTokens } from './service-account-tokens.ts';
import type { ClusterStore } from './store.ts';

export type ClusterApi = {
  /** Text of a kubeconfig for the webhook; holds the token. */
  readonly kubeconfig: string;
  stop(): Promise<void>;
};

/** Longer than any local run. */
const certificateLifeMs = 365 * 24 * 60 * 60 * 1000;

export async function startClusterApi(context: {
  readonly store: ClusterStore;
  readonly tokens: ServiceAccountTokens;
  readonly clock: Clock;
}): Promise<ClusterApi> {
  const { rootPem, ...secureContext } = await createServingCertificate(context.clock);
  const token = randomBytes(32).toString('base64url');
  const answer = createRoutes(context);
  const server = createTlsServer({ secureContext });
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    void respond(request, response, token, answer);
  });
  const { port } = await listen(server, { host: '127.0.0.1', port: 0 });
  return {
    kubeconfig: renderKubeconfig(`https://127.0.0.1:${port}`, rootPem, token),
    stop: () => closeGracefully(server, 0),
  };
}

async function createServingCertificate(clock: Clock): Promise<{ rootPem: string; cert: string; key: string }> {
  const validity = { notBefore: clock.now() - 60_000, notAfter: clock.now() + certificateLifeMs };
  const [rootKey, key] = await Promise.all([generatePrivateKey(), generatePrivateKey()]);
  const rootDer = buildRootCertificate({
    subject: { commonName: 'autocert local cluster' },
    key: rootKey,
    ...validity,
  });
  const leafDer = createLeafIssuer(parseCertificate(rootDer), rootKey).issue({
    subject: { commonName: 'kubernetes' },
    sans: ['127.0.0.1', 'localhost', 'kubernetes.default.svc'],
    publicKeyDer: publicKeyDer(key),
    ...validity,
  });
  return {
    rootPem: encodePem('CERTIFICATE', rootDer),
    cert: encodePem('CERTIFICATE', leafDer),
    key: encodePrivateKeyPem(key),
  };
}

async function respond(
  request: IncomingMessage,
  response: ServerResponse,
  token: string,
  answer: (request: ApiRequest) => Promise<ApiAnswer>,
): Promise<void> {
  let { status, body }: ApiAnswer = failure(401, 'Unauthorized', 'Unauthorized');
  if (isBearer(request.headers.authorization, token)) {
    try {
      ({ status, body } = await answer(await readRequest(request)));
    } catch {
      ({ status, body } = failure(400, 'BadRequest', 'the request is not JSON or too long'));
    }
  }
  response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(body));
}

function isBearer(authorization: string | undefined, token: string): boolean {
  const [given, wanted] = [Buffer.from(authorization ?? ''), Buffer.from(`Bearer ${token}`)];
  return given.length === wanted.length && timingSafeEqual(given, wanted);
}

async function readRequest(request: IncomingMessage): Promise<ApiRequest> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > smallBodyLimitBytes) throw new RangeError('too long');
    chunks.push(chunk);
  }
  const text = Buffer.concat(chunks).toString();
  return {
    method: request.method ?? '',
    url: request.url ?? '/',
    contentType: request.headers['content-type'] ?? '',
    accept: request.headers.accept ?? '',
    body: text === '' ? undefined : JSON.parse(text),
  };
}

function renderKubeconfig(server: string, rootPem: string, token: string): string {
  const cluster = { server, 'certificate-authority-data': Buffer.from(rootPem).toString('base64') };
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'local',
    clusters: [{ name: 'local', cluster }],
    users: [{ name: 'webhook', user: { token } }],
    contexts: [{ name: 'local', context: { cluster: 'local', user: 'webhook' } }],
  });
}
