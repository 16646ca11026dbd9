/**
 * One TLS connection that carries one HTTP/1.1 exchange at a time, by hand: the client shares the machine with the
 * server it measures, and `node:https` would cost it as much as the server costs. It reads what an honest server
 * sends, with a length or chunked, and nothing more.
 */
import { once } from 'node:events';
import { type ConnectionOptions, connect, type SecureContext, type TLSSocket } from 'node:tls';

export type Target = {
  readonly port: number;
  readonly secureContext: SecureContext;
  readonly servername?: string;
};

export type Answer = { readonly status: number; readonly body: Buffer };

export class Connection {
  readonly #socket: TLSSocket;
  #received: Buffer = Buffer.alloc(0);
  #waiting: { resolve: (answer: Answer) => void; reject: (error: Error) => void } | undefined;

  /** Use {@link openConnection}. */
  constructor(socket: TLSSocket) {
    this.#socket = socket;
    socket.on('data', (chunk: Buffer) => this.#take(chunk));
    socket.on('error', (error) => this.#fail(error));
    socket.on('close', () => this.#fail(new Error('the server closed the connection')));
  }

  /** @param request the whole request, head and body */
  exchange(request: Buffer): Promise<Answer> {
    return new Promise((resolve, reject) => {
      if (this.#socket.destroyed) return reject(new Error('the connection is closed'));
      this.#waiting = { resolve, reject };
      this.#socket.write(request);
    });
  }

  close(): void {
    this.#socket.destroy();
  }

  #take(chunk: Buffer): void {
    this.#received = this.#received.length === 0 ? chunk : Buffer.concat([this.#received, chunk]);
    const answer = parseAnswer(this.#received);
    if (!answer) return;
    this.#received = Buffer.alloc(0);
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.resolve(answer);
  }

  #fail(error: Error): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.reject(error);
  }
}

/** Resolves after the handshake; the server's certificate is verified. */
export async function openConnection({ port, secureContext, servername = 'localhost' }: Target): Promise<Connection> {
  const options: ConnectionOptions = {
    host: '127.0.0.1',
    port,
    servername,
    secureContext,
    ALPNProtocols: ['http/1.1'],
  };
  const socket = connect(options);
  await once(socket, 'secureConnect');
  socket.setNoDelay(true);
  return new Connection(socket);
}

/** Undefined while the answer is incomplete. */
export function parseAnswer(bytes: Buffer): Answer | undefined {
  const headEnd = bytes.indexOf('\r\n\r\n');
  if (headEnd < 0) return undefined;
  const head = bytes.toString('latin1', 0, headEnd);
  const status = Number(head.slice(9, 12));
  const rest = bytes.subarray(headEnd + 4);
  const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1];
  if (length !== undefined) return rest.length < Number(length) ? undefined : { status, body: rest };
  return rest.toString('latin1').endsWith('0\r\n\r\n') ? { status, body: joinChunks(rest) } : undefined;
}

function joinChunks(bytes: Buffer): Buffer {
  const chunks: Buffer[] = [];
  for (let start = 0; ; ) {
    const lineEnd = bytes.indexOf('\r\n', start);
    const size = Number.parseInt(bytes.toString('latin1', start, lineEnd), 16);
    if (!(size > 0)) return Buffer.concat(chunks);
    chunks.push(bytes.subarray(lineEnd + 2, lineEnd + 2 + size));
    start = lineEnd + 2 + size + 2;
  }
}

/** A request with a JSON body, or with none. */
export function renderRequest(method: 'GET' | 'POST', path: string, body = ''): Buffer {
  const length = method === 'POST' ? `Content-Length: ${Buffer.byteLength(body)}\r\n` : '';
  const type = body === '' ? '' : 'Content-Type: application/json\r\n';
  return Buffer.from(`${method} ${path} HTTP/1.1\r\nHost: localhost\r\n${type}${length}\r\n${body}`);
}
