/**
 * Request bodies as Go's json.Decoder reads them, because clients rely on it: the first JSON value counts and what
 * follows it is not looked at, member names match without regard to case, unknown members are passed over, null is the
 * empty value, and the Content-Type does not matter.
 */
import { parseFirstValue } from '../authority/index.ts';
import { jsonMalformed } from './errors.ts';

export type JsonMembers = {
  /** Text of a member; empty when absent or null. @throws {AppError} ERR_REQUEST_JSON when it is something else */
  text(name: string): string;
  /** Whole number of a member; zero when absent or null. @throws {AppError} ERR_REQUEST_JSON */
  integer(name: string): number;
  flag(name: string): boolean;
  /** Any JSON; undefined when absent, null when null. */
  any(name: string): unknown;
};

/** @throws {AppError} ERR_REQUEST_JSON (invalid) */
export function readJsonBody(body: Uint8Array | undefined): JsonMembers {
  const value = firstValue(body === undefined ? '' : asBuffer(body).toString('utf8'));
  if (value !== null && (typeof value !== 'object' || Array.isArray(value))) throw jsonMalformed();
  const members = new Map<string, unknown>();
  for (const [name, member] of Object.entries(value ?? {})) {
    const key = name.toLowerCase();
    if (member !== null || !members.has(key)) members.set(key, member); // null changes nothing that was given before
  }
  const read = <Value>(name: string, empty: Value, isValid: (member: unknown) => member is Value): Value => {
    const member = members.get(name.toLowerCase());
    if (member === undefined || member === null) return empty;
    if (!isValid(member)) throw jsonMalformed();
    return member;
  };
  return {
    text: (name) => read(name, '', (member): member is string => typeof member === 'string'),
    integer: (name) => read(name, 0, (member): member is number => Number.isSafeInteger(member)),
    flag: (name) => read(name, false, (member): member is boolean => typeof member === 'boolean'),
    any: (name) => members.get(name.toLowerCase()),
  };
}

const asBuffer = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

function firstValue(text: string): unknown {
  try {
    return parseFirstValue(text);
  } catch {
    throw jsonMalformed();
  }
}
