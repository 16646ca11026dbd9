/**
 * The part of a kubelet that runs commands in containers, for an API server that has none: `exec` over WebSocket,
 * protocol v4.channel.k8s.io. The API server in front is the real one.
 */
import { createHash } from 'node:crypto';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';

export type ExecCall = {
  readonly namespace: string;
  readonly pod: string;
  readonly container: string;
  readonly command: readonly string[];
};

/** What the command did; `undefined` for a command that cannot be started. */
export type ExecAnswer = { readonly stdout?: string; readonly stderr?: string; readonly exitCode: number } | undefined;

export type FakeKubelet = {
  readonly port: number;
  readonly calls: readonly ExecCall[];
  stop(): Promise<void>;
};

/** @param tls certificate and key, PEM; the API server does not verify them unless told to */
export async function startFakeKubelet(
  tls: { readonly cert: string; readonly key: string },
  run: (call: ExecCall) => ExecAnswer,
): Promise<FakeKubelet> {
  const calls: ExecCall[] = [];
  const sockets = new Set<Duplex>();
  const server = createServer(tls, (_, response) => response.writeHead(404).end());
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  server.on('upgrade', (request, socket) => {
    const url = new URL(request.url ?? '', 'https://kubelet');
    const [, , namespace = '', pod = '', container = ''] = url.pathname.split('/');
    const call = { namespace, pod, container, command: url.searchParams.getAll('command') };
    calls.push(call);
    socket.on('error', () => {}); // the other side may be gone
    const { 'sec-websocket-key': key = '', 'sec-websocket-protocol': protocol = '' } = request.headers;
    const head = ['HTTP/1.1 101 Switching Protocols', 'Upgrade: websocket', 'Connection: Upgrade'];
    head.push(`Sec-WebSocket-Accept: ${acceptFor(key)}`, `Sec-WebSocket-Protocol: ${protocol.split(',')[0]}`, '', '');
    socket.write(head.join('\r\n'));
    answer(socket, call, run(call));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    calls,
    stop: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** RFC 6455 4.2.2. */
const acceptFor = (key: string): string =>
  createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');

function answer(socket: Duplex, { command }: ExecCall, result: ExecAnswer): void {
  const message = `exec: "${command[0]}": stat ${command[0]}: no such file or directory: unknown`;
  const causes = [{ reason: 'ExitCode', message: String(result?.exitCode) }];
  const status =
    result?.exitCode === 0
      ? { metadata: {}, status: 'Success' }
      : result
        ? { status: 'Failure', reason: 'NonZeroExitCode', message: 'command terminated', details: { causes } }
        : { status: 'Failure', reason: 'InternalError', message };
  for (const [channel, text] of [
    [1, ''], // a kubelet opens with an empty message on each stream
    [1, result?.stdout ?? ''],
    [2, result?.stderr ?? ''],
    [3, JSON.stringify(status)],
  ] as const) {
    socket.write(frame(Buffer.concat([Buffer.from([channel]), Buffer.from(text)])));
  }
  socket.end(Buffer.from([0x88, 0]));
}

function frame(payload: Buffer): Buffer {
  const { length } = payload;
  const head = length < 126 ? Buffer.from([0x82, length]) : Buffer.from([0x82, 126, length >> 8, length & 0xff]);
  return Buffer.concat([head, payload]);
}
