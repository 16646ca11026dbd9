/**
 * Receiving half of WebSocket (RFC 6455), as far as `exec` needs it: messages of a server, pings answered, no extensions.
 * Pure: bytes in, messages and replies out.
 */
import { createHash } from 'node:crypto';

export type Received =
  | { readonly kind: 'message'; readonly data: Buffer }
  /** To be sent back. */
  | { readonly kind: 'reply'; readonly frame: Buffer };

const opcodes = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

/** Sec-WebSocket-Accept for a key (RFC 6455 4.2.2). */
export const acceptFor = (key: string): string =>
  createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');

/** A masked frame, as clients send them (5.3); for payloads up to 125 bytes. */
export function clientFrame(opcode: number, payload: Buffer, mask: Buffer): Buffer {
  const masked = payload.map((byte, index) => byte ^ (mask[index % 4] ?? 0));
  return Buffer.concat([Buffer.from([0x80 | opcode, 0x80 | payload.length]), mask, masked]);
}

/** Takes the bytes of a connection as they come. */
export class WebSocketReader {
  readonly #maxMessageBytes: number;
  readonly #makeMask: () => Buffer;
  #pending: Buffer = Buffer.alloc(0);
  #fragments: Buffer[] = [];

  /** @param makeMask four random bytes */
  constructor(maxMessageBytes: number, makeMask: () => Buffer) {
    this.#maxMessageBytes = maxMessageBytes;
    this.#makeMask = makeMask;
  }

  /** What the bytes complete. @throws {RangeError} for a message that is too long, {TypeError} for a broken frame */
  *read(bytes: Buffer): Generator<Received> {
    this.#pending = Buffer.concat([this.#pending, bytes]);
    for (;;) {
      const frame = this.#takeFrame();
      if (!frame) return;
      const { opcode, final, payload } = frame;
      if (opcode === opcodes.close) return; // nothing follows but the end of the connection
      if (opcode === opcodes.ping) yield { kind: 'reply', frame: clientFrame(opcodes.pong, payload, this.#makeMask()) };
      if (opcode > opcodes.binary) continue;
      this.#fragments.push(payload);
      if (this.#fragments.reduce((sum, { length }) => sum + length, 0) > this.#maxMessageBytes) {
        throw new RangeError(`a message of more than ${this.#maxMessageBytes} bytes`);
      }
      if (!final) continue;
      yield { kind: 'message', data: Buffer.concat(this.#fragments) };
      this.#fragments = [];
    }
  }

  #takeFrame(): { readonly opcode: number; readonly final: boolean; readonly payload: Buffer } | undefined {
    const [first, second] = this.#pending;
    if (first === undefined || second === undefined) return undefined;
    if ((first & 0x70) !== 0 || (second & 0x80) !== 0) throw new TypeError('a frame that no server sends');
    const short = second & 0x7f;
    const extra = short === 126 ? 2 : short === 127 ? 8 : 0;
    if (this.#pending.length < 2 + extra) return undefined;
    const length = extra === 0 ? short : this.#lengthAt(extra);
    if (length > this.#maxMessageBytes) throw new RangeError(`a message of more than ${this.#maxMessageBytes} bytes`);
    const end = 2 + extra + length;
    if (this.#pending.length < end) return undefined;
    const payload = this.#pending.subarray(2 + extra, end);
    this.#pending = this.#pending.subarray(end);
    return { opcode: first & 0x0f, final: (first & 0x80) !== 0, payload };
  }

  #lengthAt(bytes: 2 | 8): number {
    return bytes === 2 ? this.#pending.readUInt16BE(2) : Number(this.#pending.readBigUInt64BE(2));
  }
}
