/**
 * The core API on fastify: routes, request ids, error rendering, one log record per request. Every route answers under
 * / and under /1.0; GET routes answer HEAD; a known path with another method is 405, everything else 404 in plain text,
 * as step-ca's router does.
 *
 * Keep: no token reaches the log; a handler that throws ends in {@link renderError} and nowhere else.
 */
import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import Fastify, {
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  type FastifyServerFactory,
} from 'fastify';
import { describeError, isAppError } from '../../lib/errors/index.ts';
import { smallBodyLimitBytes } from '../../lib/http/index.ts';
import { redactText } from '../../lib/log/index.ts';
import type { Clock } from '../../lib/time/index.ts';
import { renderError, renderStatus } from './render-error.ts';
import { levelOf, type RequestLogLevel, renderRequest } from './request-log.ts';
import { type ApiContext, type Route, registerRoutes } from './routes.ts';

export type AppOptions = {
  /** The parts that a reload replaces are asked for with each request. */
  readonly context: () => ApiContext;
  /** Takes a whole line for each request, without its line feed. */
  readonly logRequest: (level: RequestLogLevel, line: string) => void;
  readonly clock: Clock;
  readonly serverFactory: FastifyServerFactory;
  readonly routes: readonly Route[];
};

/** What the log says of one request, gathered while it is served. */
export type RequestRecord = Record<string, unknown>;

declare module 'fastify' {
  interface FastifyRequest {
    record: RequestRecord;
  }
}

/** No URL is longer than the headers may be; beyond a parameter's length fastify has an answer of its own. */
const maxUrlLength = 16 * 1024;

/** Not listening; the caller owns the server that `serverFactory` made. */
export async function buildApp(options: AppOptions): Promise<FastifyInstance> {
  const { context, serverFactory } = options;
  const app = Fastify({
    serverFactory,
    bodyLimit: smallBodyLimitBytes,
    routerOptions: { maxParamLength: maxUrlLength },
    exposeHeadRoutes: true,
    frameworkErrors: (error, request, reply) => sendError(error, request, reply),
    clientErrorHandler: refuseUnreadable,
  });
  app.decorateRequest('record');
  app.addHook('onRequest', (request, reply, done) => {
    request.record = {};
    delete request.raw.headers['content-type']; // does not matter, and fastify refuses a malformed one
    reply.header('X-Request-Id', requestId(request, context().traceHeader));
    done();
  });
  app.addHook('onResponse', (request, reply, done) => {
    logRequest(options, request, reply);
    done();
  });
  app.setErrorHandler(async (error, request, reply) => {
    if (!request.raw.complete) await takeRest(request.raw);
    sendError(error, request, reply);
    return reply;
  });
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
  const routes = registerRoutes(app, options.routes, context);
  app.setNotFoundHandler((request, reply) => answerUnknown(request, reply, routes.findMethod(pathOf(request))));
  await app.ready();
  return app;
}

/** The client's own id if it sent one, so that its log and ours can be laid side by side. */
function requestId(request: FastifyRequest, traceHeader: string): string {
  for (const name of ['x-request-id', traceHeader.toLowerCase()]) {
    const given = request.headers[name];
    if (typeof given === 'string' && given !== '') return given;
  }
  return randomUUID();
}

const pathOf = (request: FastifyRequest): string => request.raw.url?.split('?', 1)[0] ?? '';

function sendError(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
  const { status, body } = answerTo(error);
  // frameworkErrors may come before the hook
  request.record = { ...request.record, ...describeForLog(error) };
  if (!reply.hasHeader('X-Request-Id')) reply.header('X-Request-Id', randomUUID());
  reply
    .code(status)
    .header('Content-Type', 'application/json')
    .send(Buffer.from(`${JSON.stringify(body)}\n`));
}

/** As much of a refused body as is still read. */
const maxRestBytes = 64 * 1024 * 1024;

/**
 * Reads what the client is still sending: closed under its hands, it would see a reset in place of the answer. The
 * request timeout of the server ends it, too.
 */
function takeRest(incoming: IncomingMessage): Promise<void> {
  return new Promise((resolve) => {
    let bytes = 0;
    incoming.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > maxRestBytes) resolve();
    });
    incoming.once('close', resolve).once('end', resolve).once('error', resolve);
    incoming.resume();
  });
}

function answerTo(error: unknown) {
  // fastify's own complaints about a request (body too large, malformed URL) carry a status
  const own = !isAppError(error) && error instanceof Error && 'statusCode' in error ? error.statusCode : undefined;
  return typeof own === 'number' && own >= 400 && own < 500 ? renderStatus(own) : renderError(error);
}

function describeForLog(error: unknown): RequestRecord {
  if (!isAppError(error)) return { error: describeError(error) };
  return {
    code: error.code,
    error: describeError(error),
    ...error.context,
    ...(error.hint ? { hint: error.hint } : {}),
  };
}

/** Methods of step-ca's router; any other is refused before the path is looked at. */
const routedMethods = new Set(['CONNECT', 'DELETE', 'GET', 'HEAD', 'OPTIONS', 'PATCH', 'POST', 'PUT', 'TRACE']);

/** `method` is the one that the path has, if it is known at all. */
function answerUnknown(request: FastifyRequest, reply: FastifyReply, method: string | undefined): void {
  if (!routedMethods.has(request.method)) {
    reply.code(405).send();
    return;
  }
  if (method !== undefined) {
    reply.code(405).header('Allow', method).send();
    return;
  }
  reply
    .code(404)
    .header('Content-Type', 'text/plain; charset=utf-8')
    .header('X-Content-Type-Options', 'nosniff')
    .send('404 page not found\n');
}

/** Bytes that are not HTTP, headers that are too long or too slow: answered as Go does, then closed. */
function refuseUnreadable(error: NodeJS.ErrnoException, socket: Socket): void {
  const status = unreadable[error.code ?? ''] ?? '400 Bad Request';
  if (socket.writable && error.code !== 'ECONNRESET') {
    socket.end(`HTTP/1.1 ${status}\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n${status}`);
  } else {
    socket.destroy();
  }
}

const unreadable: Readonly<Record<string, string>> = {
  HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
  ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout',
};

function logRequest(
  { context, clock, logRequest: write }: AppOptions,
  request: FastifyRequest,
  reply: FastifyReply,
): void {
  const size = Number(reply.getHeader('Content-Length') ?? 0);
  const facts = {
    requestId: String(reply.getHeader('X-Request-Id') ?? ''),
    remoteAddress: request.ip,
    time: `${new Date(clock.now()).toISOString().slice(0, -5)}Z`,
    durationMs: reply.elapsedTime,
    method: request.method,
    path: request.raw.url ?? '',
    protocol: `HTTP/${request.raw.httpVersion}`,
    status: reply.statusCode,
    size: Number.isFinite(size) ? size : 0,
    referer: request.headers.referer ?? '',
    userAgent: request.headers['user-agent'] ?? '',
  };
  write(levelOf(facts.status), redactText(renderRequest(context().requestLogFormat, facts, request.record)));
}
