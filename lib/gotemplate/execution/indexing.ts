/** `index` and `len` of text/template. */
import { FunctionError } from '../errors.ts';
import { Boxed, byte, GoMap, integerOf, List, type Operand, typeName, unbox, type Value } from '../values.ts';

/** What stands at the given indexes, one after the other. */
export function indexInto(item: Operand, indexes: readonly Operand[]): Operand {
  let current: Operand = item;
  if (unbox(current) === undefined) throw new FunctionError('index of untyped nil');
  for (const given of indexes) {
    const container = unbox(current);
    const index = unbox(given);
    if (container === null || container === undefined) throw new FunctionError('index of nil pointer');
    if (container instanceof List || typeof container === 'string') {
      const length = typeof container === 'string' ? container.length : container.items.length;
      const position = positionOf(index, length);
      const kind = typeof container === 'string' ? 'string' : 'slice';
      if (position >= length) throw new FunctionError(`reflect: ${kind} index out of range`);
      current = typeof container === 'string' ? byte(container.charCodeAt(position)) : elementOf(container, position);
    } else if (container instanceof GoMap) {
      if (index === null || index === undefined) throw new FunctionError('value is nil; should be of type string');
      if (typeof index !== 'string') {
        throw new FunctionError(`value has type ${typeName(index)}; should be string`);
      }
      current = entryOf(container, index) ?? zeroOf(container.element);
    } else throw new FunctionError(`can't index item of type ${typeName(container)}`);
  }
  return current;
}

const elementOf = ({ items, element }: List, index: number): Operand => {
  const item = items[index] ?? null;
  return element === 'interface {}' ? new Boxed(item) : item;
};

/** Undefined where there is none: text/template goes on without a value. */
export function entryOf({ entries, element }: GoMap, key: string): Operand {
  const value = entries.get(key);
  if (value === undefined) return undefined;
  return element === 'interface {}' ? new Boxed(value) : value;
}

function zeroOf(element: string): Operand {
  switch (element) {
    case 'string':
      return '';
    case 'int':
      return 0n;
    case 'bool':
      return false;
    default:
      return new Boxed(null);
  }
}

function positionOf(index: Value | undefined, capacity: number): number {
  const integer = integerOf(index);
  if (integer === undefined) {
    if (index === undefined || index === null) throw new FunctionError('cannot index slice/array with nil');
    throw new FunctionError(`cannot index slice/array with type ${typeName(index)}`);
  }
  if (integer < 0n || integer > BigInt(capacity)) throw new FunctionError(`index out of range: ${integer}`);
  return Number(integer);
}

export function lengthOf(item: Operand): bigint {
  const value = unbox(item);
  if (value === undefined) throw new FunctionError('reflect: call of reflect.Value.Type on zero Value');
  if (value === null) throw new FunctionError('len of nil pointer');
  if (typeof value === 'string') return BigInt(value.length);
  if (value instanceof List) return BigInt(value.items.length);
  if (value instanceof GoMap) return BigInt(value.entries.size);
  throw new FunctionError(`len of type ${typeName(value)}`);
}
