/**
 * Request bodies as Go's json.Decoder reads them, because clients rely on it: the first JSON value counts and what
 * follows it is not looked at, member names match without regard to case, unknown members are passed over, null is the
 * empty value, and the Content-Type does not matter.
 *
 * Keep: work is bounded by the body limit, and depth by Go's own limit.
 */
import { jsonMalformed } from './errors.ts';

/** encoding/json gives up here too. */
const maxDepth = 10_000;

export type JsonMembers = {
  /** Text of a member; empty when absent or null. @throws {AppError} ERR_REQUEST_JSON when it is something else */
  text(name: string): string;
  /** Whole number of a member; zero when absent or null. @throws {AppError} ERR_REQUEST_JSON */
  integer(name: string): number;
  flag(name: string): boolean;
};

/** @throws {AppError} ERR_REQUEST_JSON (invalid) */
export function readJsonBody(body: Uint8Array | undefined): JsonMembers {
  const value = parseFirstValue(body === undefined ? '' : asBuffer(body).toString('utf8'));
  if (value !== null && (typeof value !== 'object' || Array.isArray(value))) throw jsonMalformed();
  const members = new Map<string, unknown>();
  for (const [name, member] of Object.entries(value ?? {})) {
    if (member !== null) members.set(name.toLowerCase(), member);
  }
  const read = <Value>(name: string, empty: Value, isValid: (member: unknown) => member is Value): Value => {
    const member = members.get(name.toLowerCase());
    if (member === undefined) return empty;
    if (!isValid(member)) throw jsonMalformed();
    return member;
  };
  return {
    text: (name) => read(name, '', (member): member is string => typeof member === 'string'),
    integer: (name) => read(name, 0, (member): member is number => Number.isSafeInteger(member)),
    flag: (name) => read(name, false, (member): member is boolean => typeof member === 'boolean'),
  };
}

const asBuffer = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

function parseFirstValue(text: string): unknown {
  if (text.length <= maxDepth) {
    // too short to be too deep: most bodies are one value and nothing else
    try {
      return JSON.parse(text);
    } catch {
      // the first value may be followed by something
    }
  }
  const start = text.search(/[^ \t\r\n]/);
  if (start < 0) throw jsonMalformed();
  try {
    return JSON.parse(text.slice(start, endOfValue(text, start)));
  } catch {
    throw jsonMalformed(); // the cause would quote the body, a token among it
  }
}

const scalar = /null|true|false|-?\d[\d.eE+-]*/y;

/** Index after the value that begins at `start`. Only brackets and texts are followed; JSON.parse judges the rest. */
function endOfValue(text: string, start: number): number {
  if (!/[{["]/.test(text[start] ?? '')) {
    scalar.lastIndex = start;
    return scalar.test(text) ? scalar.lastIndex : text.length;
  }
  let depth = 0;
  for (let index = start; index < text.length; index++) {
    switch (text[index]) {
      case '"':
        index = endOfText(text, index);
        break;
      case '{':
      case '[':
        if (++depth > maxDepth) throw jsonMalformed();
        break;
      case '}':
      case ']':
        depth--;
        break;
      default:
        continue;
    }
    if (depth <= 0) return index + 1;
  }
  return text.length;
}

/** Index of the quotation mark that ends the text begun at `start`. */
function endOfText(text: string, start: number): number {
  let index = start + 1;
  while (index < text.length && text[index] !== '"') index += text[index] === '\\' ? 2 : 1;
  return index;
}
