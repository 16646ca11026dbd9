/**
 * `kubectl exec` without input: a command in a container, its output and its exit code, over WebSocket.
 * Protocol v4.channel.k8s.io, which every API server passes on to the kubelet as it is: the first byte of a message is
 * its channel (k8s.io/apimachinery, remotecommand).
 */
import { randomBytes } from 'node:crypto';
import type { Duplex } from 'node:stream';
import { acceptFor, WebSocketReader } from './websocket.ts';

export type ExecResult = {
  readonly stdout: Buffer;
  readonly stderr: string;
  /** 0 when it succeeded; undefined when the command could not be started, and `problem` says why. */
  readonly exitCode: number | undefined;
  readonly problem: string;
};

const channels = { stdout: 1, stderr: 2, error: 3 } as const;

/** More than any file that is read this way. */
const maxOutputBytes = 1024 * 1024;

export type ExecRequest = {
  readonly namespace: string;
  readonly pod: string;
  readonly container: string;
  readonly command: readonly string[];
};

export function execPath({ namespace, pod, container, command }: ExecRequest): string {
  const query = new URLSearchParams({ container, stdout: 'true', stderr: 'true' });
  for (const word of command) query.append('command', word);
  return `/api/v1/namespaces/${namespace}/pods/${pod}/exec?${query}`;
}

export type Handshake = { readonly headers: Readonly<Record<string, string>>; readonly accept: string };

export function makeHandshake(): Handshake {
  const key = randomBytes(16).toString('base64');
  return {
    accept: acceptFor(key),
    headers: {
      Connection: 'Upgrade',
      Upgrade: 'websocket',
      'Sec-WebSocket-Version': '13',
      'Sec-WebSocket-Key': key,
      'Sec-WebSocket-Protocol': 'v4.channel.k8s.io',
    },
  };
}

/** Reads until the command has ended. @throws {Error} when the connection breaks before that, or says too much */
export async function readExec(socket: Duplex, head: Buffer, signal: AbortSignal): Promise<ExecResult> {
  const output = new ExecOutput(socket);
  const abort = (): unknown => socket.destroy(signal.reason);
  signal.addEventListener('abort', abort, { once: true });
  try {
    let result = output.take(head);
    if (result) return result;
    for await (const bytes of socket) {
      result = output.take(bytes);
      if (result) return result;
    }
    throw new Error('the connection ended before the command did');
  } finally {
    signal.removeEventListener('abort', abort);
    socket.destroy();
  }
}

class ExecOutput {
  readonly #reader = new WebSocketReader(maxOutputBytes, () => randomBytes(4));
  readonly #socket: Duplex;
  readonly #stdout: Buffer[] = [];
  readonly #stderr: Buffer[] = [];
  #size = 0;

  constructor(socket: Duplex) {
    this.#socket = socket;
  }

  /** The result, once it is there: the error channel has the last word, whether or not a close follows. */
  take(bytes: Buffer): ExecResult | undefined {
    for (const received of this.#reader.read(bytes)) {
      if (received.kind === 'reply') this.#socket.write(received.frame);
      if (received.kind !== 'message') continue;
      const [channel] = received.data;
      const data = received.data.subarray(1);
      this.#size += data.length;
      if (this.#size > maxOutputBytes) throw new RangeError(`more output than ${maxOutputBytes} bytes`);
      if (channel === channels.stdout) this.#stdout.push(data);
      if (channel === channels.stderr) this.#stderr.push(data);
      if (channel === channels.error) {
        const [stdout, stderr] = [Buffer.concat(this.#stdout), Buffer.concat(this.#stderr).toString()];
        return { stdout, stderr, ...readStatus(data.toString()) };
      }
    }
    return undefined;
  }
}

/** A metav1.Status; a command that failed has its exit code among the causes. */
function readStatus(text: string): Pick<ExecResult, 'exitCode' | 'problem'> {
  type Status = {
    readonly status?: string;
    readonly message?: string;
    readonly details?: { readonly causes?: readonly { readonly reason?: string; readonly message?: string }[] };
  };
  const { status, message = '', details } = JSON.parse(text) as Status;
  if (status === 'Success') return { exitCode: 0, problem: '' };
  const code = details?.causes?.find(({ reason }) => reason === 'ExitCode')?.message;
  return { exitCode: code === undefined ? undefined : Number(code), problem: message };
}
