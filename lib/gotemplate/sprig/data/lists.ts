/**
 * sprig: lists. Every function makes a new list of interface{}, but `slice`, which shares no memory here and is of the type
 * of its list. Where Go panics with an error the message is the same as that of the function with `must`.
 */
import { FunctionError } from '../../errors.ts';
import type { TemplateFunction } from '../../execution/functions.ts';
import type { Budget } from '../../limits.ts';
import { List, type Value } from '../../values.ts';
import { toInt64 } from './conversion.ts';
import { fixed, intArgument, listArgument, makeItems, type Named, variadic } from './declare.ts';
import { deepEqual } from './deep-equality.ts';
import { isEmpty } from './defaults.ts';

const nilList = (): List => new List([], undefined, { isNil: true });

/** A new list, counted. */
function made(items: Value[], budget: Budget): List {
  makeItems(items.length, budget);
  return new List(items);
}

/** Of one list; the name of the verb is in the message. */
const onList = (verb: string, call: (items: readonly Value[], budget: Budget) => Value): TemplateFunction =>
  fixed(['any'], ([list], budget) =>
    call(listArgument(list, (kind) => `Cannot ${verb} on type ${kind}`).items, budget),
  );

const first = onList('find first', (items) => items[0] ?? null);
const last = onList('find last', (items) => items.at(-1) ?? null);
const rest = onList('find rest', (items, budget) => (items.length === 0 ? nilList() : made(items.slice(1), budget)));
const initial = onList('find initial', (items, budget) =>
  items.length === 0 ? nilList() : made(items.slice(0, -1), budget),
);
const reverse = onList('find reverse', (items, budget) => made(items.toReversed(), budget));
const compact = onList('compact', (items, budget) =>
  made(
    items.filter((item) => !isEmpty(item)),
    budget,
  ),
);

const isAmong = (items: readonly Value[], wanted: Value, budget: Budget): boolean =>
  items.some((item) => deepEqual(wanted, item, budget));

const uniq = onList('find uniq', (items, budget) => {
  const kept: Value[] = [];
  for (const item of items) if (!isAmong(kept, item, budget)) kept.push(item);
  return made(kept, budget);
});

const without = variadic(['any', 'any'], ([list, ...omitted], budget) => {
  const { items } = listArgument(list, (kind) => `Cannot find without on type ${kind}`);
  return made(
    items.filter((item) => !isAmong(omitted, item, budget)),
    budget,
  );
});

const has = fixed(['any', 'any'], ([needle = null, haystack = null], budget) => {
  if (haystack === null) return false;
  return isAmong(listArgument(haystack, (kind) => `Cannot find has on type ${kind}`).items, needle, budget);
});

const push = fixed(['any', 'any'], ([list, item = null], budget) => {
  const { items } = listArgument(list, (kind) => `Cannot push on type ${kind}`);
  makeItems(items.length, budget);
  return made([...items, item], budget);
});

const prepend = fixed(['any', 'any'], ([list, item = null], budget) => {
  const { items } = listArgument(list, (kind) => `Cannot prepend on type ${kind}`);
  makeItems(items.length, budget);
  return made([item, ...items], budget);
});

/** Go makes a list of no type of nothing. */
const concat = variadic(['any'], (lists, budget) => {
  const all: Value[] = [];
  for (const list of lists) {
    const { items } = listArgument(list, (kind) => `Cannot concat type ${kind} as list`);
    makeItems(items.length, budget);
    for (const item of items) all.push(item);
  }
  return all.length === 0 ? nilList() : new List(all);
});

const slice = variadic(['any', 'any'], ([given, from, to], budget) => {
  const list = listArgument(given, (kind) => `list should be type of slice or array but ${kind}`);
  const { length } = list.items;
  if (length === 0) return null;
  const start = from === undefined ? 0n : toInt64(from);
  const end = to === undefined ? BigInt(length) : toInt64(to);
  if (start < 0n || end < start || end > BigInt(length))
    throw new FunctionError('reflect.Value.Slice: slice index out of bounds');
  makeItems(Number(end - start), budget);
  return new List(list.items.slice(Number(start), Number(end)), list.element);
});

const chunk = fixed(['int', 'any'], ([given, list], budget) => {
  const { items } = listArgument(list, (kind) => `Cannot chunk type ${kind}`);
  const size = intArgument(given);
  const chunks: Value[] = [];
  if (size <= 0n) {
    if (items.length > 1 && size <= BigInt(1 - items.length)) return new List(chunks, '[]interface {}');
    throw new FunctionError('runtime error: makeslice: len out of range');
  }
  const step = size > BigInt(items.length) ? Math.max(items.length, 1) : Number(size);
  for (let index = 0; index < items.length; index += step) {
    makeItems(1, budget);
    chunks.push(made(items.slice(index, index + step), budget));
  }
  return new List(chunks, '[]interface {}');
});

const list = variadic(['any'], (items, budget) => made([...items], budget));

export const listFunctions: Named = {
  list,
  tuple: list,
  first,
  mustFirst: first,
  last,
  mustLast: last,
  rest,
  mustRest: rest,
  initial,
  mustInitial: initial,
  reverse,
  mustReverse: reverse,
  compact,
  mustCompact: compact,
  uniq,
  mustUniq: uniq,
  without,
  mustWithout: without,
  has,
  mustHas: has,
  append: push,
  push,
  mustAppend: push,
  mustPush: push,
  prepend,
  mustPrepend: prepend,
  concat,
  slice,
  mustSlice: slice,
  chunk,
  mustChunk: chunk,
};
