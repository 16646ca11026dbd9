/**
 * How requests of the Kubernetes client travel: node:https with connections that stay open.
 *
 * client-node 2.0.1 makes a new connection pool, so a new TLS handshake, for every request (its `createDispatcher` keeps
 * none), and each pool drops an idle connection after four seconds. In the path of an admission that is the larger part
 * of the time. Here one agent lives as long as the TLS settings stay the same: they change when a mounted CA or client
 * certificate is rotated.
 */
import type { IncomingMessage } from 'node:http';
import { Agent, type RequestOptions, request } from 'node:https';
import type { Duplex } from 'node:stream';
import type { RequestContext, ResponseBody } from '@kubernetes/client-node';

/** Status, headers and body of an answer; the caller wraps it into the client's own class. */
export type RawAnswer = {
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly body: ResponseBody;
};

/** A connection that speaks another protocol now. */
export type Upgraded = {
  readonly socket: Duplex;
  /** What came with the answer already. */
  readonly head: Buffer;
  readonly headers: Record<string, string>;
};

/** What of a request travels. */
export type OutgoingRequest = Pick<RequestContext, 'getUrl' | 'getHttpMethod' | 'getHeaders' | 'getBody' | 'getSignal'>;

/** TLS settings that decide whether a connection may be used again. */
export type TlsSettings = Pick<RequestOptions, 'ca' | 'cert' | 'key' | 'servername' | 'rejectUnauthorized'>;

/** Larger than any list page we ask for; a peer that sends more is not an API server. */
const maxAnswerBytes = 32 * 1024 * 1024;

export class KeepAliveTransport {
  #agent: Agent | undefined;
  #settings = '';

  /** The settings of the requests that follow. Cheap when nothing changed. */
  useTls(settings: TlsSettings): void {
    const key = JSON.stringify(settings, (_, value: unknown) => (Buffer.isBuffer(value) ? value.toString() : value));
    if (this.#agent && key === this.#settings) return;
    if (this.#agent) retire(this.#agent);
    this.#settings = key;
    this.#agent = new Agent({ ...settings, keepAlive: true, maxSockets: 64, maxFreeSockets: 8, scheduling: 'lifo' });
  }

  /** An agent of somebody else's for the requests that follow, such as one that goes through a proxy. */
  useAgent(agent: Agent): void {
    if (this.#agent !== agent && this.#agent) retire(this.#agent);
    this.#settings = '';
    this.#agent = agent;
  }

  /**
   * Sends one request.
   *
   * @throws {TransportFailure} when the connection fails, the answer is cut off or the request's signal aborts
   */
  async send(context: OutgoingRequest): Promise<RawAnswer> {
    const signal = context.getSignal();
    try {
      return await this.#sendOnce(context).catch((error: unknown) => {
        if (!(error instanceof StaleConnection) || signal?.aborted) throw error;
        return this.#sendOnce(context); // the server closed an idle connection just as we used it
      });
    } catch (error) {
      throw new TransportFailure('no answer', { cause: signal?.aborted ? signal.reason : error });
    }
  }

  /**
   * Asks for another protocol on the connection, which belongs to the caller then; the answer itself when it is refused.
   *
   * @throws {TransportFailure}
   */
  upgrade(url: string, headers: Readonly<Record<string, string>>, signal: AbortSignal): Promise<Upgraded | RawAnswer> {
    return new Promise((resolve, reject) => {
      const fail = (cause: unknown): void =>
        reject(new TransportFailure('no answer', { cause: signal.aborted ? signal.reason : cause }));
      const call = request(url, { headers, agent: this.#agent, signal });
      call.on('upgrade', (response, socket, head) => {
        resolve({ socket, head, headers: flatHeaders(response.headers) });
      });
      call.on('response', (response) => collect(response).then(resolve, fail));
      call.on('error', fail);
      call.end();
    });
  }

  /** Closes idle connections. */
  close(): void {
    this.#agent?.destroy();
  }

  #sendOnce(context: OutgoingRequest): Promise<RawAnswer> {
    const body = context.getBody();
    if (body !== undefined && typeof body !== 'string') throw new TypeError('kubernetes: only text bodies are sent');
    const headers: Record<string, string> = { ...context.getHeaders() };
    if (body !== undefined) headers['content-length'] = String(Buffer.byteLength(body));
    const signal = context.getSignal();
    return new Promise((resolve, reject) => {
      const options = { method: context.getHttpMethod(), headers, agent: this.#agent, ...(signal ? { signal } : {}) };
      const call = request(context.getUrl(), options, (response) => {
        collect(response).then(resolve, reject);
      });
      call.on('error', (error: NodeJS.ErrnoException) => {
        const stale = call.reusedSocket && error.code === 'ECONNRESET';
        reject(stale ? new StaleConnection('connection closed by the server', { cause: error }) : error);
      });
      call.end(body);
    });
  }
}

/** The request brought no whole answer; `cause` says why. */
export class TransportFailure extends Error {}

/** A kept connection was closed by the other side before it answered: the request was not processed. */
class StaleConnection extends Error {}

/** Closes idle connections now and the others when their request is done: an admission in flight must not fail. */
function retire(agent: Agent): void {
  agent.maxFreeSockets = 0;
  for (const socket of Object.values(agent.freeSockets).flat()) socket?.destroy();
}

/** The whole answer. @throws {Error} when it is cut off or too long */
function collect(response: IncomingMessage): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    response.on('data', (chunk: Buffer) => {
      size += chunk.length;
      chunks.push(chunk);
      if (size > maxAnswerBytes) response.destroy(new Error(`answer longer than ${maxAnswerBytes} bytes`));
    });
    response.on('error', reject);
    response.on('end', () => {
      if (!response.complete) return reject(new Error('answer cut off'));
      resolve({
        status: response.statusCode ?? 0,
        headers: flatHeaders(response.headers),
        body: bufferedBody(Buffer.concat(chunks)),
      });
    });
  });
}

function flatHeaders(headers: NodeJS.Dict<string | string[]>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, [value].flat().join(', ')]));
}

function bufferedBody(bytes: Buffer): ResponseBody {
  return {
    text: () => Promise.resolve(bytes.toString()),
    binary: () => Promise.resolve(bytes),
    stream: () => null,
  };
}
