/**
 * Where a text is in another, in linear time. The search of the platform takes the product of both lengths for texts that
 * are made for it, so long ones are looked for by Knuth, Morris and Pratt.
 */
import type { Budget } from '../../limits.ts';
import { scan, walk } from './made.ts';

/** For these the platform's search is as good as linear. */
const short = 32;

/** Positions that do not overlap, from the left. `needle` is not empty. */
export function* occurrences(text: string, needle: string, budget: Budget): Generator<number> {
  if (needle.length > text.length) return;
  if (needle.length > short) return yield* occurrencesOfLong(text, needle, budget);
  scan(text, budget);
  for (let at = text.indexOf(needle); at >= 0; at = text.indexOf(needle, at + needle.length)) {
    budget.step();
    yield at;
  }
}

function* occurrencesOfLong(text: string, needle: string, budget: Budget): Generator<number> {
  budget.make(4 * needle.length);
  walk(needle, budget);
  walk(text, budget);
  const borders = bordersOf(needle);
  let matched = 0;
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    while (matched > 0 && code !== needle.charCodeAt(matched)) matched = borders[matched - 1] ?? 0;
    if (code === needle.charCodeAt(matched)) matched++;
    if (matched < needle.length) continue;
    yield index + 1 - needle.length;
    matched = 0;
  }
}

/** For each beginning the length of the longest shorter beginning that it ends with. */
function bordersOf(needle: string): Int32Array {
  const borders = new Int32Array(needle.length);
  let length = 0;
  for (let index = 1; index < needle.length; index++) {
    const code = needle.charCodeAt(index);
    while (length > 0 && code !== needle.charCodeAt(length)) length = borders[length - 1] ?? 0;
    if (code === needle.charCodeAt(length)) length++;
    borders[index] = length;
  }
  return borders;
}

export function includes(text: string, needle: string, budget: Budget): boolean {
  if (needle === '') return true;
  return occurrences(text, needle, budget).next().done !== true;
}
