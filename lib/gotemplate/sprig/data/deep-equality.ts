/** reflect.DeepEqual: the same types, and the same all the way down. */
import type { Budget } from '../../limits.ts';
import { GoMap, Integer, List, Struct, typeName, type Value } from '../../values.ts';

export function deepEqual(left: Value, right: Value, budget: Budget, depth = 0): boolean {
  budget.enter(depth);
  budget.step();
  if (typeName(left) !== typeName(right)) return false;
  const equal = (a: Value, b: Value): boolean => deepEqual(a, b, budget, depth + 1);
  if (typeof left === 'string' && typeof right === 'string') {
    budget.step(1 + Math.floor(Math.min(left.length, right.length) / 64));
    return left === right;
  }
  if (left instanceof Integer && right instanceof Integer) return left.value === right.value;
  if (left instanceof List && right instanceof List) {
    if (left.isNil !== right.isNil || left.items.length !== right.items.length) return false;
    return left === right || left.items.every((item, index) => equal(item, right.items[index] ?? null));
  }
  if (left instanceof GoMap && right instanceof GoMap) {
    if (left.isNil !== right.isNil || left.entries.size !== right.entries.size) return false;
    if (left === right) return true;
    for (const [key, value] of left.entries) {
      const other = right.entries.get(key);
      if (other === undefined || !equal(value, other)) return false;
    }
    return true;
  }
  if (left instanceof Struct && right instanceof Struct) return structsEqual(left, right, equal);
  return left === right;
}

function structsEqual(left: Struct, right: Struct, equal: (a: Value, b: Value) => boolean): boolean {
  if (left === right) return true;
  if (left.text !== right.text || left.identity !== right.identity || left.fields.size !== right.fields.size)
    return false;
  return [...left.fields].every(([name, { value }]) => equal(value, right.fields.get(name)?.value ?? null));
}
