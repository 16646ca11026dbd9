/**
 * `fetch` over an agent of node:https, which the global one cannot use; answers are those of the web standard. No
 * redirects, no cookies, no decompression.
 *
 * Keep: a request is sent twice only when repeating it does no harm, and only when the server closed a kept connection
 * before it could answer.
 */
import type { IncomingMessage } from 'node:http';
import { type Agent, type RequestOptions, request } from 'node:https';
import { isIP } from 'node:net';
import { Readable } from 'node:stream';
import type { ReadableStream } from 'node:stream/web';
import { classifyTlsFailure, codeOf, firstOf, withoutCertificate } from '../tls-failure.ts';
import { closed, requestFailed } from './errors.ts';

export type MtlsRequest = {
  /** GET unless given. */
  readonly method?: string | undefined;
  readonly headers?: ConstructorParameters<typeof Headers>[0];
  readonly body?: string | Uint8Array | Readable | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Without a byte from the server for this long the request fails; 30 s unless given. */
  readonly timeoutMs?: number | undefined;
};

/**
 * Resolves when the head of the answer is there, whatever its status.
 * @throws {AppError} ERR_SDK_REQUEST: forbidden (the server is not trusted), unauthenticated (it refuses our
 *   certificate) or unavailable; ERR_SDK_CLOSED (invalid). What `signal` was aborted with, when it was
 */
export type MtlsFetch = (url: string | URL, init?: MtlsRequest) => Promise<Response>;

const defaultTimeoutMs = 30_000;
/** RFC 9110 9.2.2. */
const idempotent: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE', 'TRACE']);
/** The web standard knows no body for these. */
const withoutBody: ReadonlySet<number> = new Set([204, 205, 304]);

export function createFetch(agent: Agent, isClosed: () => boolean): MtlsFetch {
  return async (address, init = {}) => {
    if (isClosed()) throw closed('client');
    const url = new URL(address);
    const method = (init.method ?? 'GET').toUpperCase();
    const repeatable = idempotent.has(method) && !(init.body instanceof Readable);
    try {
      return await send(url, method, init, { agent });
    } catch (error) {
      init.signal?.throwIfAborted();
      if (!repeatable || !(error instanceof ConnectionLost)) throw explain(method, url, error);
    }
    try {
      return await send(url, method, init, onNewConnection(agent, url));
    } catch (error) {
      init.signal?.throwIfAborted();
      throw explain(method, url, error);
    }
  };
}

/** Past the pool of the agent, whose other kept connections may be as dead. */
function onNewConnection(agent: Agent, { hostname }: URL): RequestOptions {
  return {
    createConnection: (options, onCreate) => agent.createConnection(options, onCreate),
    servername: isIP(hostname.replace(/^\[|\]$/g, '')) ? '' : hostname, // an agent would set it
  };
}

/** The server closed a kept connection while the request was on its way. */
class ConnectionLost extends Error {}

function send(url: URL, method: string, init: MtlsRequest, connection: RequestOptions): Promise<Response> {
  return new Promise((resolve, reject) => {
    const timeoutMs = init.timeoutMs ?? defaultTimeoutMs;
    const headers = Object.fromEntries(new Headers(init.headers));
    const { body, signal } = init;
    if (typeof body === 'string' || body instanceof Uint8Array) {
      headers['content-length'] ??= String(Buffer.byteLength(body));
    }
    const outgoing = request(
      url,
      { ...connection, method, headers, timeout: timeoutMs, ...(signal ? { signal } : {}) },
      (incoming) => resolve(toResponse(incoming, method)),
    );
    outgoing.on('timeout', () => outgoing.destroy(new Error(`no byte within ${timeoutMs / 1000} s`)));
    outgoing.on('error', (error) => {
      const lost = outgoing.reusedSocket && ['ECONNRESET', 'EPIPE'].includes(codeOf(error));
      reject(lost ? new ConnectionLost('the server closed the connection', { cause: error }) : error);
    });
    if (body instanceof Readable) body.on('error', (error) => outgoing.destroy(error)).pipe(outgoing);
    else outgoing.end(body);
  });
}

function toResponse(incoming: IncomingMessage, method: string): Response {
  const headers = new Headers();
  for (const [name, values] of Object.entries(incoming.headersDistinct)) {
    for (const value of values ?? []) headers.append(name, value);
  }
  const status = incoming.statusCode ?? 0;
  const empty = method === 'HEAD' || withoutBody.has(status);
  if (empty) incoming.resume();
  const body = empty ? null : (Readable.toWeb(incoming) as ReadableStream<Uint8Array>);
  return new Response(body, { status, statusText: incoming.statusMessage ?? '', headers });
}

function explain(method: string, url: URL, error: unknown): unknown {
  const cause = firstOf(error);
  return requestFailed(method, url.origin, classifyTlsFailure(cause), withoutCertificate(cause));
}
