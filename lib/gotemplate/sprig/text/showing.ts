/** sprig: values as texts, and lists of texts. */
import { runesOf } from '../../bytes.ts';
import type { Budget } from '../../limits.ts';
import { renderValue } from '../../text/print.ts';
import { quote } from '../../text/quoting.ts';
import { GoMap, Integer, integerOf, List, Struct, stringList, type Value } from '../../values.ts';
import { fixed, intArgument, makeEntries, makeItems, type Named, textArgument, variadic } from '../data/declare.ts';
import { made, walk } from './made.ts';
import { occurrences } from './search.ts';

/** The text of bytes is what they are, that of anything else what is printed. */
export function textOf(value: Value, budget: Budget): string {
  if (value instanceof List && value.type === '[]uint8') {
    budget.make(value.items.length);
    return value.items.map((item) => String.fromCharCode(Number(integerOf(item) ?? 0n))).join('');
  }
  if ((value instanceof Integer || value instanceof Struct) && value.text !== undefined) return value.text;
  return renderValue(value, budget);
}

/** Without what is nil; of one value a list of its text. A list of texts is itself, not a copy. */
function textsOf(value: Value, budget: Budget): List {
  if (value === null) return stringList([]);
  if (!(value instanceof List)) return stringList([textOf(value, budget)]);
  if (value.element === 'string' && value.type === '[]string') return value;
  makeItems(value.items.length, budget);
  return stringList(value.items.filter((item) => item !== null).map((item) => textOf(item, budget)));
}

function joined(parts: readonly string[], separator: string, budget: Budget): string {
  let size = separator.length * Math.max(0, parts.length - 1);
  for (const part of parts) size += part.length;
  budget.make(size);
  return parts.join(separator);
}

const notNil = (values: readonly Value[]): Value[] => values.filter((value) => value !== null);

/** Parts of a text between separators, or its characters; at most so many unless negative. */
function partsOf(text: string, separator: string, most: bigint, budget: Budget): string[] {
  const parts: string[] = [];
  let from = 0;
  const isLast = (): boolean => most >= 0n && BigInt(parts.length) >= most - 1n;
  const put = (until: number, next: number): void => {
    makeItems(1, budget);
    budget.make(until - from);
    parts.push(text.slice(from, until));
    from = next;
  };
  if (most === 0n) return parts;
  if (separator === '') {
    walk(text, budget);
    for (const { index, size } of runesOf(text)) {
      if (isLast()) break;
      put(index + size, index + size);
    }
    if (from < text.length) put(text.length, text.length);
    return parts;
  }
  if (!isLast()) {
    for (const at of occurrences(text, separator, budget)) {
      put(at, at + separator.length);
      if (isLast()) break;
    }
  }
  put(text.length, text.length);
  return parts;
}

/** Under the names `_0`, `_1`, … */
function numbered(parts: readonly string[], budget: Budget): GoMap {
  makeEntries(parts.length, budget);
  return new GoMap(new Map(parts.map((part, index) => [`_${index}`, part])), 'string');
}

/** By bytes. A list of texts is itself sorted, as in Go. */
function sorted(value: Value, budget: Budget): List {
  if (!(value instanceof List)) return stringList([textOf(value, budget)]);
  const list = textsOf(value, budget);
  const texts = list.items.map(textArgument);
  const size = texts.reduce((sum, text) => sum + text.length, 0);
  const rounds = 1 + Math.ceil(Math.log2(1 + texts.length));
  makeItems(texts.length, budget);
  budget.step((texts.length + (size >> 6)) * rounds);
  texts.sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  for (const [index, text] of texts.entries()) list.items[index] = text;
  return list;
}

export const showingFunctions: Named = {
  toString: fixed(['any'], ([value = null], budget) => textOf(value, budget)),
  toStrings: fixed(['any'], ([value = null], budget) => textsOf(value, budget)),
  quote: variadic(['any'], (values, budget) => {
    const quoted = notNil(values).map((value) => {
      const text = textOf(value, budget);
      walk(text, budget);
      return made(quote(text), budget);
    });
    return joined(quoted, ' ', budget);
  }),
  squote: variadic(['any'], (values, budget) =>
    joined(
      notNil(values).map((value) => `'${renderValue(value, budget)}'`),
      ' ',
      budget,
    ),
  ),
  cat: variadic(['any'], (values, budget) =>
    joined(
      notNil(values).map((value) => renderValue(value, budget)),
      ' ',
      budget,
    ),
  ),
  join: fixed(['string', 'any'], ([separator, value = null], budget) =>
    joined(textsOf(value, budget).items.map(textArgument), textArgument(separator), budget),
  ),
  split: fixed(['string', 'string'], ([separator, text], budget) =>
    numbered(partsOf(textArgument(text), textArgument(separator), -1n, budget), budget),
  ),
  splitn: fixed(['string', 'int', 'string'], ([separator, most, text], budget) =>
    numbered(partsOf(textArgument(text), textArgument(separator), intArgument(most), budget), budget),
  ),
  splitList: fixed(['string', 'string'], ([separator, text], budget) =>
    stringList(partsOf(textArgument(text), textArgument(separator), -1n, budget)),
  ),
  sortAlpha: fixed(['any'], ([value = null], budget) => sorted(value, budget)),
};
