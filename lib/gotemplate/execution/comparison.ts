/** The comparisons of text/template: eq, ne, lt, le, gt, ge over Go's basic kinds. */
import { FunctionError } from '../errors.ts';
import type { Budget } from '../limits.ts';
import { renderValue } from '../text/print.ts';
import { GoMap, integerOf, List, Struct, typeName, type Value } from '../values.ts';

type Basic =
  | { readonly kind: 'bool'; readonly value: boolean }
  | { readonly kind: 'string'; readonly value: string }
  | { readonly kind: 'int'; readonly value: bigint }
  | { readonly kind: 'float'; readonly value: number };

const incompatible = (left: Value | undefined, right: Value | undefined): FunctionError =>
  new FunctionError(`incompatible types for comparison: ${typeName(left)} and ${typeName(right)}`);

function basicOf(value: Value | undefined): Basic | undefined {
  const integer = integerOf(value);
  if (integer !== undefined) return { kind: 'int', value: integer };
  if (typeof value === 'boolean') return { kind: 'bool', value };
  if (typeof value === 'string') return { kind: 'string', value };
  return typeof value === 'number' ? { kind: 'float', value } : undefined;
}

const isNothing = (value: Value | undefined): value is null | undefined => value === null || value === undefined;

/** Whether the first equals one of the others. */
export function equalsAny(first: Value | undefined, others: readonly (Value | undefined)[], budget: Budget): boolean {
  if (!isNothing(first)) requireComparable(first, budget);
  if (others.length === 0) throw new FunctionError('missing argument for comparison');
  const left = basicOf(first);
  return others.some((other) => {
    const right = basicOf(other);
    if (left && right) {
      if (left.kind !== right.kind) throw incompatible(first, other);
      return left.value === right.value;
    }
    if (isNothing(first) || isNothing(other)) return isNothing(first) && isNothing(other);
    if (left || right) throw incompatible(first, other);
    requireComparable(other, budget);
    if (typeName(first) !== typeName(other)) throw incompatible(first, other);
    return first === other || (first instanceof Struct && other instanceof Struct && areSame(first, other));
  });
}

const areSame = (left: Struct, right: Struct): boolean =>
  left.identity !== undefined && left.identity === right.identity;

const isIncomparable = (value: Value): boolean =>
  value instanceof Struct && !value.pointer && value.identity === undefined;

function requireComparable(value: Value, budget: Budget): void {
  if (value instanceof List || value instanceof GoMap || isIncomparable(value)) {
    throw new FunctionError(`non-comparable type ${renderValue(value, budget)}: ${typeName(value)}`);
  }
}

/** Whether the first is less than the second. */
export function isLess(first: Value | undefined, second: Value | undefined): boolean {
  const [left, right] = [basicOf(first), basicOf(second)];
  if (!left || !right) throw new FunctionError('invalid type for comparison');
  if (left.kind !== right.kind) throw incompatible(first, second);
  if (left.kind === 'bool') throw new FunctionError('invalid type for comparison');
  return left.value < right.value;
}
