/**
 * The webhook's two HTTPS listeners: routes, limits and the rendering of errors. What the answers say is decided
 * elsewhere and passed in.
 *
 *   address            POST /mutate · GET /healthz · GET /readyz · GET /metrics
 *   bootstrapAddress   POST /v1/bootstrap
 *
 * Keep: whatever is sent gets an answer or a closed connection, and an answer is JSON `{status, code, message, hint?}`
 * unless it is an AdmissionReview, `ok` or metrics. Nothing that a caller sent is repeated in an error.
 */
import type { Server } from 'node:https';
import type { SecureContextOptions } from 'node:tls';
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { serializeResponse } from '../lib/admission/index.ts';
import { admissionBodyLimitBytes, closeGracefully, createTlsServer, type ServerLimits } from '../lib/http/index.ts';
import type { Logger } from '../lib/log/index.ts';
import type { AdmissionOutcome } from './admit.ts';
import { bootstrapBodyLimitBytes } from './bootstrap/request.ts';
import type { BootstrapOutcome } from './bootstrap/serve-bootstrap.ts';
import {
  bodyEmpty,
  contentTypeUnsupported,
  type JsonAnswer,
  methodNotAllowed,
  renderError,
  routeNotFound,
} from './http-errors.ts';
import type { ListenerName, Metrics } from './metrics.ts';
import type { Readiness } from './readiness.ts';

/** A listener that does not listen yet. */
export type HttpsListener = {
  readonly server: Server;
  /** Lets requests in flight finish, for up to `graceMs`. */
  close(graceMs: number): Promise<void>;
};

/** What POST /mutate does with the bytes of a review. `timeoutMs` is how long the API server waits. Never rejects. */
export type AdmitHandler = (body: Buffer, timeoutMs: number) => Promise<AdmissionOutcome>;

/** What POST /v1/bootstrap does. Never rejects. */
export type BootstrapHandler = (request: {
  readonly authorization: string | undefined;
  readonly body: Buffer;
}) => Promise<BootstrapOutcome>;

type ListenerOptions = {
  readonly secureContext: SecureContextOptions;
  readonly log: Logger;
  readonly metrics: Metrics;
};

/** The API server keeps connections for 90 s: closing earlier would cost a handshake in an admission. */
const limits: Partial<ServerLimits> = { maxConnections: 2_000, idleTimeoutMs: 100_000 };

/** The API server's own default and maximum for `timeoutSeconds`. */
const [defaultTimeoutMs, maxTimeoutMs] = [10_000, 30_000];

/** For the API server, the kubelet's probes and Prometheus. */
export async function createAdmissionListener(
  options: ListenerOptions & { readonly admit: AdmitHandler; readonly readiness: Readiness },
): Promise<HttpsListener> {
  const { admit, readiness, metrics, log } = options;
  const { app, listener } = createListener('admission', options, admissionBodyLimitBytes);
  only(app, 'POST', '/mutate', async (request, reply) => {
    const start = performance.now();
    const { decision, reason, answer, fields } = await admit(requireJson(request), readTimeout(request.query));
    const durationMs = performance.now() - start;
    metrics.admission(decision, reason, durationMs);
    const outcome = { status: answer.status, durationMs: rounded(durationMs), from: request.ip };
    log.info('admission', { decision, reason, ...fields, ...outcome });
    return decision === 'error' ? send(reply, answer) : sendReview(reply, answer);
  });
  only(app, 'GET', '/healthz', (_, reply) => reply.type('text/plain; charset=utf-8').send('ok\n'));
  only(app, 'GET', '/readyz', (_, reply) => {
    const report = readiness.report();
    return send(reply, { status: report.ready ? 200 : 503, body: report });
  });
  only(app, 'GET', '/metrics', async (_, reply) =>
    reply.type(metrics.registry.contentType).send(await metrics.registry.metrics()),
  );
  await app.ready();
  return listener;
}

/** For pods. */
export async function createBootstrapListener(
  options: ListenerOptions & { readonly bootstrap: BootstrapHandler },
): Promise<HttpsListener> {
  const { bootstrap, metrics, log } = options;
  const { app, listener } = createListener('bootstrap', options, bootstrapBodyLimitBytes);
  only(app, 'POST', '/v1/bootstrap', async (request, reply) => {
    const start = performance.now();
    const { authorization } = request.headers;
    const { decision, reason, answer, fields } = await bootstrap({ authorization, body: requireJson(request) });
    const durationMs = performance.now() - start;
    metrics.bootstrap(reason, durationMs);
    const outcome = { status: answer.status, durationMs: rounded(durationMs), from: request.ip };
    log.info('bootstrap', { decision, reason, ...fields, ...outcome });
    return send(reply, answer);
  });
  await app.ready();
  return listener;
}

function createListener(
  name: ListenerName,
  { secureContext, log, metrics }: ListenerOptions,
  bodyLimit: number,
): { app: FastifyInstance; listener: HttpsListener } {
  const server = createTlsServer({ secureContext, limits });
  const refuse = (request: FastifyRequest, reply: FastifyReply, error: unknown): FastifyReply => {
    const answer = renderError(error);
    const { code } = answer.body as { readonly code: string };
    metrics.refused(name, code);
    if (answer.status === 500) log.error('request failed', { listener: name, error });
    else log.info('request refused', { listener: name, code, status: answer.status, from: request.ip });
    return send(reply, answer);
  };
  const app = Fastify({
    bodyLimit,
    exposeHeadRoutes: false,
    frameworkErrors: (error, request, reply) => refuse(request, reply, error), // a path that cannot be decoded
    return503OnClosing: false, // a request that arrived on an open connection while we drain is still served
    serverFactory: (handler) => server.on('request', handler),
  });
  // Bodies arrive as bytes whatever they call themselves: size, then emptiness, then type are judged, as upstream.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_, body, done) => done(null, body));
  app.setNotFoundHandler((request, reply) => refuse(request, reply, routeNotFound()));
  app.setErrorHandler((error, request, reply) => refuse(request, reply, error));
  const close = async (graceMs: number): Promise<void> => {
    await closeGracefully(server, graceMs);
    await app.close();
  };
  return { app, listener: { server, close } };
}

type Handler = (request: FastifyRequest, reply: FastifyReply) => unknown;

/** One method; any other is answered with 405 and what is allowed. */
function only(app: FastifyInstance, method: 'GET' | 'POST', url: string, handler: Handler): void {
  const allowed = method === 'GET' ? ['GET', 'HEAD'] : ['POST'];
  app.route({ method: allowed, url, handler });
  app.route({
    method: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'].filter((other) => !allowed.includes(other)),
    url,
    handler(_, reply) {
      reply.header('allow', method);
      throw methodNotAllowed(method);
    },
  });
}

/** @throws {AppError} ERR_BODY_EMPTY (400), ERR_CONTENT_TYPE (415) */
function requireJson({ body, headers }: FastifyRequest): Buffer {
  if (!Buffer.isBuffer(body) || body.length === 0) throw bodyEmpty();
  const type = headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase();
  if (type !== 'application/json') throw contentTypeUnsupported();
  return body;
}

/** `?timeout=10s`, as the API server sends it; its default for anything else. */
function readTimeout(query: unknown): number {
  const text = typeof query === 'object' && query !== null && 'timeout' in query ? query.timeout : undefined;
  const seconds = /^(\d{1,3})s$/.exec(typeof text === 'string' ? text : '')?.[1];
  return seconds === undefined ? defaultTimeoutMs : Math.min(Math.max(Number(seconds), 1) * 1000, maxTimeoutMs);
}

function send(reply: FastifyReply, { status, body, retryAfterMs }: JsonAnswer): FastifyReply {
  if (retryAfterMs !== undefined) reply.header('retry-after', Math.ceil(retryAfterMs / 1000));
  // As bytes: fastify would add a charset, which JSON has none of (RFC 8259 11).
  return reply
    .code(status)
    .type('application/json')
    .send(Buffer.from(JSON.stringify(body)));
}

/** The one answer whose cost counts: head and body in one write, past fastify's hooks, of which there are none. */
function sendReview(reply: FastifyReply, { status, body }: JsonAnswer): FastifyReply {
  const text = serializeResponse(body);
  reply.hijack();
  reply.raw.writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) });
  reply.raw.end(text);
  return reply;
}

const rounded = (ms: number): number => Math.round(ms * 10) / 10;
