/** What sprig takes for a number: anything at all, and zero where it finds none (spf13/cast). */
import { parseFloat64, parseInteger } from '../../text/numbers.ts';
import { Integer, integerOf, type Value } from '../../values.ts';

const lowest = -(2 ** 63);
const beyond = 2 ** 63;

/** A float to the 64 bits of an integer; what does not fit is the lowest one, as on amd64. */
export function truncated(value: number): bigint {
  return value >= lowest && value < beyond ? BigInt(Math.trunc(value)) : BigInt(lowest);
}

/** Decimals that are all zero do not keep a text from being an integer. */
const withoutZeroDecimals = (text: string): string => text.replace(/\.0+$/, '');

export function toInt64(value: Value | undefined): bigint {
  const integer = integerOf(value);
  if (integer !== undefined) return isCastable(value) ? BigInt.asIntN(64, integer) : 0n;
  switch (typeof value) {
    case 'number':
      return truncated(value);
    case 'string': {
      const parsed = parseInteger(withoutZeroDecimals(value), 0, 64, true);
      return parsed.problem ? 0n : parsed.value;
    }
    case 'boolean':
      return value ? 1n : 0n;
    default:
      return 0n;
  }
}

export function toFloat64(value: Value | undefined): number {
  const integer = integerOf(value);
  if (integer !== undefined) return isCastable(value) ? Number(integer) : 0;
  switch (typeof value) {
    case 'number':
      return value;
    case 'string': {
      const parsed = parseFloat64(value);
      return parsed.problem ? 0 : parsed.value;
    }
    case 'boolean':
      return value ? 1 : 0;
    default:
      return 0;
  }
}

/** A duration is not among the types that it knows. */
const isCastable = (value: Value | undefined): boolean => !(value instanceof Integer && value.type === 'time.Duration');
