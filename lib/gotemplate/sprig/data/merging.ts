/**
 * sprig: merging and copying of dicts, and the search in them. A merge goes down into dicts that both have, changes the
 * first in place and shares the rest with the others (dario.cat/mergo).
 */
import { FunctionError } from '../../errors.ts';
import type { TemplateFunction } from '../../execution/functions.ts';
import type { Budget } from '../../limits.ts';
import { GoMap, List, typeName, type Value } from '../../values.ts';
import { fixed, makeEntries, makeItems, mapArgument, type Named, variadic } from './declare.ts';
import { isEmpty } from './defaults.ts';

function mergeInto(target: GoMap, source: GoMap, overwrite: boolean, budget: Budget, depth = 0): void {
  budget.enter(depth);
  makeEntries(source.entries.size, budget);
  for (const [key, value] of [...source.entries]) {
    const own = target.entries.get(key);
    if (value === null) {
      if (overwrite) target.entries.set(key, null);
      continue;
    }
    if (value instanceof GoMap && own instanceof GoMap && !own.isNil) {
      mergeInto(own, value, overwrite, budget, depth + 1);
      if (!isEmpty(own)) continue;
    }
    if (overwrite || own === undefined || isEmpty(own)) target.entries.set(key, value);
  }
}

const merging = (overwrite: boolean): TemplateFunction =>
  variadic(['map[string]interface {}', 'map[string]interface {}'], ([first, ...others], budget) => {
    let target = mapArgument(first);
    for (const source of others.map(mapArgument)) {
      if (target.isNil && !source.isNil) target = new GoMap();
      mergeInto(target, source, overwrite, budget);
    }
    return target;
  });

function copyOf(value: Value, budget: Budget, depth = 0): Value {
  budget.enter(depth);
  budget.step();
  if (value instanceof List) {
    makeItems(value.items.length, budget);
    const items = value.items.map((item) => copyOf(item, budget, depth + 1));
    return new List(items, value.element, { isNil: value.isNil });
  }
  if (!(value instanceof GoMap)) return value;
  makeEntries(value.entries.size, budget);
  const entries = new Map<string, Value>();
  for (const [key, each] of value.entries) entries.set(key, copyOf(each, budget, depth + 1));
  return new GoMap(entries, value.element, { isNil: value.isNil });
}

const conversion = (value: Value, wanted: string): FunctionError =>
  new FunctionError(`interface conversion: interface {} is ${value === null ? 'nil' : typeName(value)}, not ${wanted}`);

function mapOf(value: Value): GoMap {
  if (value instanceof GoMap && value.type === 'map[string]interface {}') return value;
  throw conversion(value, 'map[string]interface {}');
}

const dig = variadic(['any'], (args) => {
  if (args.length < 3) throw new FunctionError('dig needs at least three arguments');
  let current = mapOf(args.at(-1) ?? null);
  const fallback = args.at(-2) ?? null;
  const keys = args.slice(0, -2).map((key) => {
    if (typeof key !== 'string') throw conversion(key, 'string');
    return key;
  });
  for (const [index, key] of keys.entries()) {
    const found = current.entries.get(key);
    if (found === undefined) return fallback;
    if (index === keys.length - 1) return found;
    current = mapOf(found);
  }
  return fallback;
});

const copy = fixed(['any'], ([value = null], budget) => {
  if (value === null) throw new FunctionError('reflect: call of reflect.Value.Type on zero Value');
  return copyOf(value, budget);
});
const merge = merging(false);
const mergeOverwrite = merging(true);

export const mergingFunctions: Named = {
  merge,
  mustMerge: merge,
  mergeOverwrite,
  mustMergeOverwrite: mergeOverwrite,
  deepCopy: copy,
  mustDeepCopy: copy,
  dig,
};
