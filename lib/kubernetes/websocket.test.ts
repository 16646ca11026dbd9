import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { acceptFor, clientFrame, type Received, WebSocketReader } from './websocket.ts';

const mask = Buffer.from([1, 2, 3, 4]);
const reader = (max = 100_000): WebSocketReader => new WebSocketReader(max, () => mask);

/** A frame as servers send it. */
function frame(opcode: number, payload: Buffer, final = true): Buffer {
  const { length } = payload;
  const head = Buffer.alloc(length < 126 ? 2 : length < 65_536 ? 4 : 10);
  head[0] = (final ? 0x80 : 0) | opcode;
  head[1] = length < 126 ? length : length < 65_536 ? 126 : 127;
  if (head.length === 4) head.writeUInt16BE(length, 2);
  if (head.length === 10) head.writeBigUInt64BE(BigInt(length), 2);
  return Buffer.concat([head, payload]);
}

const messagesOf = (received: readonly Received[]): string[] =>
  received.flatMap((one) => (one.kind === 'message' ? one.data.toString('hex') : []));

describe('WebSocketReader', () => {
  it('answers the example of RFC 6455 1.3', () =>
    assert.equal(acceptFor('dGhlIHNhbXBsZSBub25jZQ=='), 's3pPLMBiTxaQ9kYGzzhZRbK+xOo='));

  it('finds messages of every length, however the bytes arrive and however they are fragmented', () => {
    const message = fc.record({
      size: fc.oneof(fc.nat(300), fc.nat(70_000)),
      fragments: fc.integer({ min: 1, max: 4 }),
    });
    fc.assert(
      fc.property(fc.array(message, { maxLength: 4 }), fc.integer({ min: 1, max: 5000 }), (messages, step) => {
        const payloads = messages.map(({ size }, index) => Buffer.alloc(size, index + 1));
        const bytes = Buffer.concat(
          payloads.flatMap((payload, index) => {
            const parts = Math.min(messages[index]?.fragments ?? 1, payload.length || 1);
            const cut = Math.ceil(payload.length / parts) || 1;
            return Array.from({ length: parts }, (_, part) =>
              frame(part === 0 ? 2 : 0, payload.subarray(part * cut, (part + 1) * cut), part === parts - 1),
            );
          }),
        );
        const stream = reader();
        const received: Received[] = [];
        for (let at = 0; at < bytes.length; at += step) received.push(...stream.read(bytes.subarray(at, at + step)));
        assert.deepEqual(
          messagesOf(received),
          payloads.map((payload) => payload.toString('hex')),
        );
      }),
      { numRuns: 60 },
    );
  });

  it('answers a ping in the middle of a message, masked, with its payload', () => {
    const bytes = Buffer.concat([
      frame(2, Buffer.from('a'), false),
      frame(9, Buffer.from('hi')),
      frame(0, Buffer.from('b')),
    ]);
    const [reply, message] = [...reader().read(bytes)];
    assert.deepEqual(reply, { kind: 'reply', frame: clientFrame(10, Buffer.from('hi'), mask) });
    assert.deepEqual(clientFrame(10, Buffer.from('hi'), mask), Buffer.from([0x8a, 0x82, 1, 2, 3, 4, 0x69, 0x6b]));
    assert.equal(message?.kind === 'message' && message.data.toString(), 'ab');
  });

  it('reads nothing after the close', () =>
    assert.deepEqual([...reader().read(Buffer.concat([frame(8, Buffer.alloc(0)), frame(2, Buffer.from('a'))]))], []));

  const broken: readonly (readonly [name: string, bytes: Buffer, says: RegExp])[] = [
    [
      'a message that is too long, before it has arrived',
      frame(2, Buffer.alloc(200)).subarray(0, 4),
      /more than 100 bytes/,
    ],
    [
      'fragments that are too long together',
      Buffer.concat([frame(2, Buffer.alloc(80), false), frame(0, Buffer.alloc(80))]),
      /more than 100/,
    ],
    ['a masked frame', Buffer.from([0x82, 0x81, 1, 2, 3, 4, 5]), /no server sends/],
    ['a compressed frame', Buffer.from([0xc2, 0x01, 1]), /no server sends/],
  ];
  for (const [name, bytes, says] of broken) {
    it(`refuses ${name}`, () => assert.throws(() => [...reader(100).read(bytes)], says));
  }
});
