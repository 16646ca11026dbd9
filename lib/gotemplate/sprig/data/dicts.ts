/** sprig: dicts. `set`, `unset` and the merges change the dict they are given, as in Go. */
import { FunctionError } from '../../errors.ts';
import { renderValue } from '../../text/print.ts';
import { GoMap, List, stringList, type Value } from '../../values.ts';
import { fixed, makeEntries, makeItems, mapArgument, type Named, textArgument, variadic } from './declare.ts';

const dict = variadic(['any'], (parts, budget) => {
  makeEntries(Math.ceil(parts.length / 2), budget);
  const entries = new Map<string, Value>();
  for (let index = 0; index < parts.length; index += 2) {
    entries.set(renderValue(parts[index], budget), index + 1 < parts.length ? (parts[index + 1] ?? null) : '');
  }
  return new GoMap(entries);
});

const get = fixed(['map[string]interface {}', 'string'], ([map, key]) => {
  const value = mapArgument(map).entries.get(textArgument(key));
  return value === undefined ? '' : value;
});

const set = fixed(['map[string]interface {}', 'string', 'any'], ([given, key, value = null], budget) => {
  const map = mapArgument(given);
  if (map.isNil) throw new FunctionError('assignment to entry in nil map');
  makeEntries(1, budget);
  map.entries.set(textArgument(key), value);
  return map;
});

const unset = fixed(['map[string]interface {}', 'string'], ([given, key]) => {
  const map = mapArgument(given);
  map.entries.delete(textArgument(key));
  return map;
});

const hasKey = fixed(['map[string]interface {}', 'string'], ([map, key]) =>
  mapArgument(map).entries.has(textArgument(key)),
);

const pluck = variadic(['string', 'map[string]interface {}'], ([key, ...maps], budget) => {
  makeItems(maps.length, budget);
  const name = textArgument(key);
  const plucked = maps.map((map) => mapArgument(map).entries.get(name));
  return new List(plucked.filter((value) => value !== undefined));
});

/** In order, where Go has none. */
const keys = variadic(['map[string]interface {}'], (maps, budget) => {
  const all: string[] = [];
  for (const map of maps) {
    makeItems(mapArgument(map).entries.size, budget);
    for (const [key] of mapArgument(map).sorted()) all.push(key);
  }
  return stringList(all);
});

/** In the order of the keys, where Go has none. */
const values = fixed(['map[string]interface {}'], ([map], budget) => {
  makeItems(mapArgument(map).entries.size, budget);
  return new List(
    mapArgument(map)
      .sorted()
      .map(([, value]) => value),
  );
});

const pick = variadic(['map[string]interface {}', 'string'], ([map, ...wanted], budget) => {
  makeEntries(wanted.length, budget);
  const { entries } = mapArgument(map);
  const picked = new Map<string, Value>();
  for (const key of wanted.map(textArgument)) {
    const value = entries.get(key);
    if (value !== undefined) picked.set(key, value);
  }
  return new GoMap(picked);
});

const omit = variadic(['map[string]interface {}', 'string'], ([map, ...unwanted], budget) => {
  const { entries } = mapArgument(map);
  makeEntries(entries.size, budget);
  const left = new Map(entries);
  for (const key of unwanted) left.delete(textArgument(key));
  return new GoMap(left);
});

export const dictFunctions: Named = { dict, get, set, unset, hasKey, pluck, keys, values, pick, omit };
