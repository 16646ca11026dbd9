/** Whether a value may be given for a parameter, and what it is then (validateType of text/template). */
import { anyType, GoMap, integerOf, List, type Operand, typeName, unbox, type Value } from '../values.ts';
import type { ParameterType } from './functions.ts';

export type Checked = { readonly operand: Operand } | { readonly problem: string };

const nilable: ReadonlySet<ParameterType> = new Set([
  'any',
  'operand',
  '[]string',
  '[]interface {}',
  'map[string]interface {}',
]);

/** As Go names the type of a parameter. */
export const parameterName = (type: ParameterType): string =>
  type === 'any' ? 'interface {}' : type === 'operand' ? 'reflect.Value' : type;

export const acceptsNil = (type: ParameterType): boolean => nilable.has(type);

export function checkArgument(operand: Operand, type: ParameterType): Checked {
  if (type === 'operand') return { operand };
  const value = unbox(operand);
  if (value === undefined) {
    return acceptsNil(type) ? { operand: zeroOf(type) } : { problem: `invalid value; expected ${parameterName(type)}` };
  }
  if (type === 'any') return { operand: value };
  if (value === null) {
    return acceptsNil(type)
      ? { operand: zeroOf(type) }
      : { problem: `wrong type for value; expected ${parameterName(type)}; got interface {}` };
  }
  if (fits(value, type)) return { operand: value };
  return { problem: `wrong type for value; expected ${parameterName(type)}; got ${typeName(value)}` };
}

function fits(value: Value, type: ParameterType): boolean {
  switch (type) {
    case 'int':
      return typeof value === 'bigint';
    case 'int64':
      return typeName(value) === 'int64' && integerOf(value) !== undefined;
    case 'float64':
      return typeof value === 'number';
    case 'bool':
      return typeof value === 'boolean';
    case 'string':
      return typeof value === 'string';
    case 'map[string]interface {}':
      return value instanceof GoMap && value.element === anyType; // also one with a name of its own
    default:
      return typeName(value) === type;
  }
}

function zeroOf(type: ParameterType): Operand {
  if (type === '[]string') return new List([], 'string', { isNil: true });
  if (type === '[]interface {}') return new List([], undefined, { isNil: true });
  return type === 'map[string]interface {}' ? new GoMap(undefined, undefined, { isNil: true }) : null;
}
