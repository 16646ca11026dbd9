/**
 * DER (X.690) writer and strict reader. A codec: knows tags and lengths, nothing of certificates.
 * The reader refuses what DER forbids: indefinite and non-minimal lengths, bytes after the value, tags above 30.
 */
import { AppError } from '../errors/index.ts';

/** Identifier octets used here: class and constructed bit included. */
export const Tag = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  null: 0x05,
  oid: 0x06,
  enumerated: 0x0a,
  utf8String: 0x0c,
  printableString: 0x13,
  t61String: 0x14,
  ia5String: 0x16,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
} as const;

/** Tag of a context-specific field. */
export const contextTag = (number: number, constructed: boolean): number => 0x80 | (constructed ? 0x20 : 0) | number;

/** Tag, length and the given contents, in one piece of memory. */
export function tlv(tag: number, ...contents: readonly Uint8Array[]): Buffer {
  let length = 0;
  for (const content of contents) length += content.length;
  const lengthBytes = length < 0x80 ? 0 : length < 0x100 ? 1 : length < 0x10000 ? 2 : length < 0x1000000 ? 3 : 4;
  if (length > 0x7fffffff) throw new TypeError(`DER value of ${length} bytes is not written here`);
  const encoded = Buffer.allocUnsafe(2 + lengthBytes + length);
  encoded[0] = tag;
  encoded[1] = lengthBytes === 0 ? length : 0x80 | lengthBytes;
  for (let index = 0; index < lengthBytes; index++) encoded[2 + index] = length >> (8 * (lengthBytes - 1 - index));
  let offset = 2 + lengthBytes;
  for (const content of contents) {
    encoded.set(content, offset);
    offset += content.length;
  }
  return encoded;
}

export const sequence = (...items: readonly Uint8Array[]): Buffer => tlv(Tag.sequence, ...items);
export const octetString = (bytes: Uint8Array): Buffer => tlv(Tag.octetString, bytes);
export const boolean = (value: boolean): Buffer => tlv(Tag.boolean, Buffer.from([value ? 0xff : 0]));
export const nullValue = (): Buffer => Buffer.from([Tag.null, 0]);

/** SET OF: members sorted by their encoding (X.690 11.6). */
export const setOf = (...items: readonly Uint8Array[]): Buffer =>
  tlv(Tag.set, ...[...items].sort((a, b) => Buffer.compare(a, b)));

/** BIT STRING of whole bytes, or with `unusedBits` trailing bits that do not count. */
export const bitString = (bytes: Uint8Array, unusedBits = 0): Buffer =>
  tlv(Tag.bitString, Buffer.from([unusedBits]), bytes);

/** Named bits (X.680 22.7): trailing zero bits are dropped (DER, X.690 11.2.2). `bits` are bit numbers from 0. */
export function namedBits(bits: readonly number[]): Buffer {
  const last = Math.max(-1, ...bits);
  const bytes = Buffer.alloc(Math.ceil((last + 1) / 8));
  for (const bit of bits) bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) | (0x80 >> (bit & 7));
  return bitString(bytes, last < 0 ? 0 : 7 - (last & 7));
}

/** INTEGER, two's complement, shortest form. */
export function integer(value: number | bigint): Buffer {
  if (value >= 0) {
    const hex = value.toString(16);
    const bytes = Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex');
    return (bytes[0] ?? 0) < 0x80 ? tlv(Tag.integer, bytes) : tlv(Tag.integer, zeroByte, bytes);
  }
  let rest = BigInt(value);
  const bytes: number[] = [];
  for (;;) {
    const byte = Number(BigInt.asUintN(8, rest));
    bytes.unshift(byte);
    rest >>= 8n;
    if (rest === -1n && byte >= 0x80) break;
  }
  return tlv(Tag.integer, Buffer.from(bytes));
}

const zeroByte = Buffer.of(0);

/** Identifiers that were met before, both ways: they are few, and half of what a certificate is made of. */
const encodedOids = new Map<string, Buffer>();
const decodedOids = new Map<string, string>();
/** Far more than are in use; those that a stranger invents must not fill the memory. */
const maxKnownOids = 500;

/** OBJECT IDENTIFIER from its dotted form. The bytes are shared: nobody writes into them. */
export function oid(dotted: string): Buffer {
  const known = encodedOids.get(dotted);
  if (known) return known;
  const encoded = encodeOid(dotted);
  if (encodedOids.size < maxKnownOids) encodedOids.set(dotted, encoded);
  return encoded;
}

function encodeOid(dotted: string): Buffer {
  const arcs = dotted.split('.').map(BigInt);
  const [first, second, ...rest] = arcs;
  if (first === undefined || second === undefined || first > 2n || (first < 2n && second > 39n)) {
    throw new TypeError(`not an object identifier: ${dotted}`);
  }
  const bytes: number[] = [];
  for (const arc of [first * 40n + second, ...rest]) {
    const septets = [Number(arc & 0x7fn)];
    for (let left = arc >> 7n; left > 0n; left >>= 7n) septets.unshift(Number(left & 0x7fn) | 0x80);
    bytes.push(...septets);
  }
  return tlv(Tag.oid, Buffer.from(bytes));
}

/** Time as RFC 5280 4.1.2.5 wants it: UTCTime through 2049, GeneralizedTime from 2050; whole seconds, UTC. */
export function time(epochMs: number): Buffer {
  const digits = new Date(Math.floor(epochMs / 1000) * 1000).toISOString().replace(/[-:T]|\.\d+/g, '');
  const year = Number(digits.slice(0, 4));
  return year >= 1950 && year < 2050
    ? tlv(Tag.utcTime, Buffer.from(digits.slice(2), 'latin1'))
    : tlv(Tag.generalizedTime, Buffer.from(digits, 'latin1'));
}

/** One decoded value. `bytes` is the whole encoding, `content` what is inside; both are views, not copies. */
export type DerValue = { readonly tag: number; readonly bytes: Buffer; readonly content: Buffer };

/** Makes a view only when it is asked for: most values are looked at in one way or not at all. */
class DerSlice implements DerValue {
  readonly tag: number;
  readonly #buffer: Buffer;
  readonly #start: number;
  readonly contentStart: number;
  readonly end: number;

  constructor(tag: number, buffer: Buffer, start: number, contentStart: number, end: number) {
    this.tag = tag;
    this.#buffer = buffer;
    this.#start = start;
    this.contentStart = contentStart;
    this.end = end;
  }

  get bytes(): Buffer {
    return this.#buffer.subarray(this.#start, this.end);
  }

  get content(): Buffer {
    return this.#buffer.subarray(this.contentStart, this.end);
  }
}

/** Reads values one after another from a buffer. Every complaint is ERR_DER (invalid) and names `what`. */
export class DerReader {
  readonly #buffer: Buffer;
  readonly #end: number;
  readonly #what: string;
  #offset: number;

  constructor(bytes: Uint8Array, what: string, start = 0, end = bytes.length) {
    this.#buffer = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#what = what;
    this.#offset = start;
    this.#end = end;
  }

  get atEnd(): boolean {
    return this.#offset >= this.#end;
  }

  /** Tag of the next value, without reading it; undefined at the end. */
  get nextTag(): number | undefined {
    return this.atEnd ? undefined : this.#buffer[this.#offset];
  }

  /** The next value; with `tag`, of that type only. */
  read(tag?: number): DerValue {
    return this.#next(tag);
  }

  #next(tag?: number): DerSlice {
    const buffer = this.#buffer;
    const start = this.#offset;
    const found = buffer[start];
    const first = buffer[start + 1];
    if (found === undefined || first === undefined || start + 2 > this.#end) throw this.#fail('ends too early');
    if ((found & 0x1f) === 0x1f) throw this.#fail('has a tag above 30');
    if (tag !== undefined && found !== tag) throw this.#fail(`has tag 0x${hex(found)} where 0x${hex(tag)} belongs`);
    let length = first;
    let offset = start + 2;
    if (first >= 0x80) {
      const count = first & 0x7f;
      if (count === 0 || count > 4) throw this.#fail('has a length that DER does not allow');
      if (offset + count > this.#end) throw this.#fail('ends too early');
      length = 0;
      for (const last = offset + count; offset < last; offset++) length = length * 256 + (buffer[offset] ?? 0);
      if (length < 0x80 || length < 2 ** (8 * (count - 1))) throw this.#fail('has a length longer than it need be');
    }
    if (offset + length > this.#end) throw this.#fail('ends too early');
    this.#offset = offset + length;
    return new DerSlice(found, buffer, start, offset, this.#offset);
  }

  /** The next value if it has this tag, else undefined and nothing is read. */
  readOptional(tag: number): DerValue | undefined {
    return this.nextTag === tag ? this.read(tag) : undefined;
  }

  /** A reader over the contents of the next value. */
  enter(tag: number): DerReader {
    const { contentStart, end } = this.#next(tag);
    return new DerReader(this.#buffer, this.#what, contentStart, end);
  }

  /** Complains when something is left. */
  end(): void {
    if (!this.atEnd) throw this.#fail('has bytes after its end');
  }

  readInteger(): bigint {
    return decodeInteger(this.read(Tag.integer).content, this.#what);
  }

  readOid(): string {
    return decodeOid(this.read(Tag.oid).content, this.#what);
  }

  #fail(problem: string): AppError {
    return derError(this.#what, problem);
  }
}

const hex = (byte: number): string => byte.toString(16).padStart(2, '0');
const derError = (what: string, problem: string): AppError =>
  new AppError('ERR_DER', 'invalid', `${what}: malformed, the DER ${problem}`);

function decodeInteger(content: Buffer, what: string): bigint {
  const [first, second] = content;
  if (first === undefined) throw derError(what, 'has an empty integer');
  if (second !== undefined && ((first === 0 && second < 0x80) || (first === 0xff && second >= 0x80))) {
    throw derError(what, 'has an integer longer than it need be');
  }
  return BigInt.asIntN(content.length * 8, BigInt(`0x${content.toString('hex')}`));
}

/** Far above any identifier in use; decoding takes time by the square of the length. */
const maxOidBytes = 128;

function decodeOid(content: Buffer, what: string): string {
  const spelling = content.toString('latin1');
  const known = decodedOids.get(spelling);
  if (known !== undefined) return known;
  const dotted = readOidArcs(content, what);
  if (decodedOids.size < maxKnownOids) decodedOids.set(spelling, dotted);
  return dotted;
}

function readOidArcs(content: Buffer, what: string): string {
  if (content.length > maxOidBytes) throw derError(what, `has an object identifier of ${content.length} bytes`);
  const arcs: bigint[] = [];
  let arc = 0n;
  for (const [index, byte] of content.entries()) {
    if (arc === 0n && byte === 0x80) throw derError(what, 'has an object identifier longer than it need be');
    arc = (arc << 7n) | BigInt(byte & 0x7f);
    if (byte < 0x80) {
      arcs.push(arc);
      arc = 0n;
    } else if (index === content.length - 1) throw derError(what, 'has an object identifier that is cut off');
  }
  const [head, ...rest] = arcs;
  if (head === undefined) throw derError(what, 'has an empty object identifier');
  const first = head < 40n ? 0n : head < 80n ? 1n : 2n;
  return [first, head - first * 40n, ...rest].join('.');
}

/** Bytes of a BIT STRING that holds whole bytes. @throws {AppError} ERR_DER (invalid) */
export function decodeBitString(value: DerValue, what: string): Buffer {
  const [unused] = value.content;
  if (value.tag !== Tag.bitString || unused !== 0) throw derError(what, 'has a bit string that is not whole bytes');
  return value.content.subarray(1);
}

/** Epoch ms of a UTCTime or GeneralizedTime in the form of RFC 5280 4.1.2.5. @throws {AppError} ERR_DER (invalid) */
export function decodeTime(value: DerValue, what: string): number {
  const text = value.content.toString('latin1');
  const digits =
    value.tag === Tag.utcTime && /^\d{12}Z$/.test(text)
      ? `${Number(text.slice(0, 2)) < 50 ? '20' : '19'}${text}`
      : value.tag === Tag.generalizedTime && /^\d{14}Z$/.test(text)
        ? text
        : '';
  const part = (start: number): string => digits.slice(start, start + 2);
  const iso = `${digits.slice(0, 4)}-${part(4)}-${part(6)}T${part(8)}:${part(10)}:${part(12)}.000Z`;
  const epoch = Date.parse(iso);
  // Date.parse takes 30 February and 24:00 for other times
  if (Number.isNaN(epoch) || new Date(epoch).toISOString() !== iso) throw derError(what, 'has a malformed time');
  return epoch;
}
