/** One request as raw bytes over one connection, and the answer taken apart without an HTTP client's opinions. */
import { connect as connectTcp, type Socket } from 'node:net';
import { type ConnectionOptions, connect as connectTls } from 'node:tls';

export type RawAnswer =
  | { readonly kind: 'refused' }
  | {
      readonly kind: 'answered';
      readonly statusLine: string;
      readonly headers: ReadonlyMap<string, string>;
      readonly body: string;
    };

export type RawTransport = { readonly port: number; readonly tls: ConnectionOptions | undefined };

/** Refused: the connection ended without a byte of an answer. */
export function sendRaw({ port, tls }: RawTransport, bytes: Buffer): Promise<RawAnswer> {
  return new Promise((resolve) => {
    const socket: Socket = tls
      ? connectTls({ host: '127.0.0.1', port, servername: 'localhost', rejectUnauthorized: false, ...tls })
      : connectTcp(port, '127.0.0.1');
    const chunks: Buffer[] = [];
    socket.on('data', (chunk: Buffer) => chunks.push(chunk));
    socket.on('error', () => {}); // shows as a missing answer
    socket.on('close', () => resolve(parseAnswer(Buffer.concat(chunks).toString('utf8'))));
    socket.write(bytes);
  });
}

function parseAnswer(text: string): RawAnswer {
  if (text === '') return { kind: 'refused' };
  const [head = '', ...rest] = text.split('\r\n\r\n');
  const [statusLine = '', ...lines] = head.split('\r\n');
  const headers = lines.map((line): [string, string] => {
    const colon = line.indexOf(':');
    return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
  });
  return { kind: 'answered', statusLine, headers: new Map(headers), body: rest.join('\r\n\r\n') };
}

export function encodeRequest(
  method: string,
  path: string,
  headers: readonly (readonly [string, string])[],
  body: string,
): Buffer {
  const length = Buffer.byteLength(body);
  const lines = headers.map(([name, value]) => `${name}: ${/^content-length$/i.test(name) ? length : value}`);
  return Buffer.from(`${method} ${path} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n${body}`);
}
