/**
 * Values in DER as Go's encoding/asn1 marshals them, with its parameters (`utf8`, `tag:3`, `explicit`, `set`, …). DER is kept in
 * byte strings. Structs other than times are not among what is marshalled.
 */
import { FunctionError } from '../../../errors.ts';
import type { Budget } from '../../../limits.ts';
import { parseInteger } from '../../../text/numbers.ts';
import { integerOf, kindName, List, typeName, type Value } from '../../../values.ts';
import { Instant, zeroInstantNs } from '../time/instant.ts';

const tagNumbers = {
  ...{ boolean: 1, integer: 2, octetString: 4, oid: 6, utf8: 12, sequence: 16, set: 17 },
  ...{ numeric: 18, printable: 19, ia5: 22, utc: 23, generalized: 24 },
} as const;

const structureError = (problem: string): FunctionError => new FunctionError(`asn1: structure error: ${problem}`);

/** What one byte of parameters is taken to weigh when they are taken apart. */
export const partBytes = 32;

type Parameters = {
  readonly words: ReadonlySet<string>;
  readonly string: 'ia5' | 'printable' | 'numeric' | 'utf8' | undefined;
  readonly time: 'utc' | 'generalized' | undefined;
  readonly tag: bigint | undefined;
  readonly fallback: bigint | undefined;
};

/** What is not known does not count; of two that contradict each other the last does. */
function parseParameters(text: string): Parameters {
  const parts = text.split(',');
  const last = <T extends string>(...names: T[]): T | undefined =>
    parts.findLast((part): part is T => (names as string[]).includes(part));
  const number = (prefix: string): bigint | undefined => {
    const found = parts
      .filter((part) => part.startsWith(prefix))
      .map((part) => parseInteger(part.slice(prefix.length), 10, 64, true))
      .findLast(({ problem }) => !problem);
    return found?.value;
  };
  const words = new Set(parts);
  const isTagged = ['explicit', 'application', 'private'].some((word) => words.has(word));
  return {
    words,
    string: last('ia5', 'printable', 'numeric', 'utf8'),
    time: last('utc', 'generalized'),
    tag: number('tag:') ?? (isTagged ? 0n : undefined),
    fallback: number('default:'),
  };
}

const plain = parseParameters('');

/** @throws {FunctionError} for values of types that it does not know, and texts that do not fit theirs */
export function marshal(value: Value, parameters: string, budget: Budget): string {
  budget.make(parameters.length * partBytes);
  return field(value, parseParameters(parameters), budget, 0);
}

function field(value: Value, parameters: Parameters, budget: Budget, depth: number): string {
  budget.enter(depth);
  budget.step();
  const { words } = parameters;
  if (value === null) throw new FunctionError('asn1: cannot marshal nil value');
  if (value instanceof List && value.items.length === 0 && words.has('omitempty')) return '';
  if (words.has('optional') && isOptional(value, parameters.fallback)) return '';
  const natural = naturalTag(value);
  if (parameters.time && natural !== 'utc') throw structureError('explicit time type given to non-time member');
  if (parameters.string && natural !== 'printable') {
    throw structureError('explicit string type given to non-string member');
  }
  if (words.has('set') && natural !== 'sequence') throw structureError('non sequence tagged as set');
  const name = words.has('set') ? 'set' : chosenTag(value, natural, parameters);
  const body = bodyOf(value, name, parameters, budget, depth);
  budget.make(body.length);
  const isCompound = name === 'sequence' || name === 'set';
  return tagged(body, BigInt(tagNumbers[name]), isCompound, parameters);
}

type TagName = keyof typeof tagNumbers;

function isOptional(value: Value, fallback: bigint | undefined): boolean {
  const integer = integerOf(value);
  if (fallback !== undefined && integer !== undefined) return integer === fallback;
  if (fallback !== undefined) return false;
  if (value instanceof List) return value.isNil;
  if (value instanceof Instant) return value.ns === zeroInstantNs;
  return integer === 0n || value === 0 || value === '' || value === false;
}

/** By its type alone. */
function naturalTag(value: Exclude<Value, null>): TagName {
  if (typeof value === 'boolean') return 'boolean';
  if (typeof value === 'string') return 'printable';
  if (integerOf(value) !== undefined && kindName(value).startsWith('int')) return 'integer';
  if (value instanceof Instant) return 'utc';
  if (value instanceof List) {
    if (value.type === 'asn1.ObjectIdentifier') return 'oid';
    return value.element === 'uint8' ? 'octetString' : 'sequence';
  }
  throw structureError(`unknown Go type: ${typeName(value)}`);
}

const printable = /^[A-Za-z0-9'()+,\-./ :=?]*$/;

function chosenTag(value: Value, natural: TagName, { string, time }: Parameters): TagName {
  if (natural === 'printable' && typeof value === 'string') {
    if (string !== undefined) return string;
    if (printable.test(value)) return 'printable';
    if (!isUtf8(value)) throw new FunctionError('asn1: string not valid UTF-8');
    return 'utf8';
  }
  if (value instanceof Instant && (time === 'generalized' || isOutsideUtcTime(value))) return 'generalized';
  return natural;
}

export const isUtf8 = (bytes: string): boolean => {
  const buffer = Buffer.from(bytes, 'latin1');
  return Buffer.from(buffer.toString('utf8'), 'utf8').equals(buffer);
};

const isOutsideUtcTime = ({ clock: { year } }: Instant): boolean => year < 1950 || year >= 2050;

function bodyOf(value: Value, name: TagName, parameters: Parameters, budget: Budget, depth: number): string {
  const integer = integerOf(value);
  if (integer !== undefined) return integerBytes(integer);
  if (typeof value === 'boolean') return value ? '\xff' : '\x00';
  if (typeof value === 'string') return checkedText(value, parameters.string);
  if (value instanceof Instant) return timeText(value, name);
  if (!(value instanceof List)) return '';
  if (name === 'oid') return oidBytes(value.items.map((item) => integerOf(item) ?? 0n));
  if (name === 'octetString' || value.element === 'uint8') {
    return value.items.map((item) => String.fromCharCode(Number(integerOf(item) ?? 0n))).join('');
  }
  const parts = value.items.map((item) => field(item, plain, budget, depth + 1));
  return (name === 'set' ? parts.sort((a, b) => (a < b ? -1 : a > b ? 1 : 0)) : parts).join('');
}

const forbidden = {
  ia5: { pattern: /[\x80-\xff]/, name: 'IA5String' },
  printable: { pattern: /[^A-Za-z0-9'()+,\-./ :=?*]/, name: 'PrintableString' },
  numeric: { pattern: /[^0-9 ]/, name: 'NumericString' },
} as const;

function checkedText(text: string, type: Parameters['string']): string {
  if (type === undefined || type === 'utf8') return text;
  const { pattern, name } = forbidden[type];
  if (pattern.test(text)) throw structureError(`${name} contains invalid character`);
  return text;
}

const two = (value: number): string => String(value).padStart(2, '0');

function timeText({ clock }: Instant, name: TagName): string {
  const { year, month, day, hour, minute, second, offset } = clock;
  if (year < 0 || year > 9999) throw structureError('cannot represent time as GeneralizedTime');
  const shownYear = name === 'generalized' ? String(year).padStart(4, '0') : two(year % 100);
  const minutes = Math.trunc(Math.abs(offset) / 60);
  const zone = minutes === 0 ? 'Z' : `${offset < 0 ? '-' : '+'}${two(Math.trunc(minutes / 60))}${two(minutes % 60)}`;
  return `${shownYear}${[month, day, hour, minute, second].map(two).join('')}${zone}`;
}

function integerBytes(value: bigint): string {
  let size = 1n;
  while (BigInt.asIntN(Number(size * 8n), value) !== value) size++;
  const hex = BigInt.asUintN(Number(size * 8n), value).toString(16);
  return Buffer.from(hex.padStart(Number(size) * 2, '0'), 'hex').toString('latin1');
}

/** Of an object identifier. */
export function oidBytes(arcs: readonly bigint[]): string {
  const [first = 3n, second = 0n, ...others] = arcs;
  if (arcs.length < 2 || first > 2n || (first < 2n && second >= 40n)) {
    throw structureError('invalid object identifier');
  }
  return [first * 40n + second, ...others].map(base128).join('');
}

/** Nothing at all for what is less than zero, as in Go. */
function base128(value: bigint): string {
  if (value < 0n) return '';
  let bytes = String.fromCharCode(Number(value & 0x7fn));
  for (let rest = value >> 7n; rest > 0n; rest >>= 7n) {
    bytes = String.fromCharCode(Number(rest & 0x7fn) | 0x80) + bytes;
  }
  return bytes;
}

function tagged(body: string, natural: bigint, isCompound: boolean, { words, tag }: Parameters): string {
  if (tag === undefined) return tlv(0, natural, isCompound, body);
  const ownClass = words.has('application') ? 1 : words.has('private') ? 3 : 2;
  if (!words.has('explicit')) return tlv(ownClass, tag, isCompound, body);
  return tlv(ownClass, tag, true, tlv(0, natural, isCompound, body));
}

function tlv(tagClass: number, tag: bigint, isCompound: boolean, body: string): string {
  const first = (tagClass << 6) | (isCompound ? 0x20 : 0);
  const identifier =
    tag >= 31n
      ? String.fromCharCode(first | 0x1f) + base128(tag)
      : String.fromCharCode(first | Number(BigInt.asUintN(8, tag)));
  return identifier + lengthBytes(body.length) + body;
}

function lengthBytes(length: number): string {
  if (length < 128) return String.fromCharCode(length);
  const hex = length.toString(16);
  const bytes = Buffer.from(hex.padStart(hex.length + (hex.length % 2), '0'), 'hex').toString('latin1');
  return String.fromCharCode(0x80 | bytes.length) + bytes;
}

/** A SEQUENCE or SET of what is encoded already, in the given order. */
export const constructed = (type: 'sequence' | 'set', body: string): string =>
  tlv(0, BigInt(tagNumbers[type]), true, body);
