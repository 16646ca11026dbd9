/** Values as Go's fmt.Print and fmt.Println write them (%v), on byte strings. */
import type { Budget } from '../limits.ts';
import { GoMap, type GoObject, Integer, List, type Value } from '../values.ts';
import { formatFloat } from './floats.ts';

/** %v of a value; `null` is a nil interface. */
export function renderValue(value: Value | undefined, budget: Budget, depth = 0): string {
  budget.enter(depth);
  budget.step();
  switch (typeof value) {
    case 'string':
      return value;
    case 'bigint':
    case 'boolean':
      return String(value);
    case 'number':
      return formatFloat(value, 'g', -1);
    case 'undefined':
      return '<nil>';
    default:
      return value === null ? '<nil>' : renderObject(value, budget, depth);
  }
}

function renderObject(value: GoObject, budget: Budget, depth: number): string {
  const inner = (each: Value): string => renderValue(each, budget, depth + 1);
  if (value instanceof Integer) return value.text ?? String(value.value);
  if (value instanceof List) return joined('[', value.items.map(inner), ']', budget);
  if (value instanceof GoMap) {
    return joined(
      'map[',
      value.sorted().map(([key, each]) => `${key}:${inner(each)}`),
      ']',
      budget,
    );
  }
  if (value.text !== undefined) return value.text;
  const fields = [...value.fields.values()].map((field) => inner(field.value));
  return joined(value.pointer && depth === 0 ? '&{' : '{', fields, '}', budget);
}

function joined(open: string, parts: readonly string[], close: string, budget: Budget): string {
  const text = open + parts.join(' ') + close;
  budget.make(text.length);
  return text;
}

/** fmt.Sprint: a space between two operands of which neither is a string. */
export function sprint(values: readonly (Value | undefined)[], budget: Budget): string {
  let text = '';
  for (const [index, value] of values.entries()) {
    const previous = values[index - 1];
    if (index > 0 && typeof value !== 'string' && typeof previous !== 'string') text += ' ';
    text += renderValue(value, budget);
  }
  budget.make(text.length);
  return text;
}

/** fmt.Sprintln: spaces between all, and a line end. */
export function sprintln(values: readonly (Value | undefined)[], budget: Budget): string {
  const text = `${values.map((value) => renderValue(value, budget)).join(' ')}\n`;
  budget.make(text.length);
  return text;
}
