/** sprig: parts of a text. Positions and lengths count bytes, so they can cut a character in two. */
import { decodeRune, encodeRune, isSpaceRune, replacementRune, runesOf } from '../../bytes.ts';
import { FunctionError } from '../../errors.ts';
import type { TemplateFunction } from '../../execution/functions.ts';
import type { Budget } from '../../limits.ts';
import { fixed, intArgument, type Named, textArgument } from '../data/declare.ts';
import { made, scan, walk } from './made.ts';

const outOfRange = (bounds: string): FunctionError =>
  new FunctionError(`runtime error: slice bounds out of range ${bounds}`);

/** What comes before `width`; `left` is where to begin, roughly. */
function abbreviate(text: string, left: bigint, width: number): string {
  if (text.length <= width) return text;
  const { length } = text;
  let offset = left > BigInt(length) ? length : Number(left);
  if (length - offset < width - 3) offset = length - (width - 3);
  if (offset <= 4) return `${text.slice(0, width - 3)}...`;
  if (offset + width - 3 < length) return `...${abbreviate(text.slice(offset), 0n, width - 3)}`;
  return `...${text.slice(length - (width - 3))}`;
}

/** Not longer than any text can be. */
const bounded = (width: bigint): number => (width > 0x7fffffffn ? 0x7fffffff : Number(width));

function truncate(count: bigint, text: string): string {
  const length = BigInt(text.length);
  if (count < 0n) return length + count > 0n ? text.slice(Number(length + count)) : text;
  return length > count ? text.slice(0, Number(count)) : text;
}

/** A negative start is the beginning, an end that is negative or too far the end. */
function substring(start: bigint, end: bigint, text: string): string {
  const length = BigInt(text.length);
  if (start < 0n) {
    if (end < 0n) throw outOfRange(`[:${end}]`);
    if (end > length) throw outOfRange(`[:${end}] with length ${length}`);
    return text.slice(0, Number(end));
  }
  if (end < 0n || end > length) {
    if (start > length) throw outOfRange(`[${start}:${length}]`);
    return text.slice(Number(start));
  }
  if (start > end) throw outOfRange(`[${start}:${end}]`);
  return text.slice(Number(start), Number(end));
}

/** The character that ends at `end` (utf8.DecodeLastRune). */
function lastRune(text: string, end: number): { readonly rune: number; readonly start: number } {
  let start = end - 1;
  while (start > Math.max(0, end - 4) && (text.charCodeAt(start) & 0xc0) === 0x80) start--;
  const { rune, size } = decodeRune(text, start);
  return start + size === end ? { rune, start } : { rune: replacementRune, start: end - 1 };
}

/** Without the characters at both ends that are to go. */
function trimmed(text: string, goes: (rune: number) => boolean): string {
  let start = 0;
  while (start < text.length) {
    const { rune, size } = decodeRune(text, start);
    if (!goes(rune)) break;
    start += size;
  }
  let end = text.length;
  while (end > start) {
    const last = lastRune(text, end);
    if (!goes(last.rune)) break;
    end = last.start;
  }
  return text.slice(start, end);
}

const trimAll = fixed(['string', 'string'], ([cutset, given], budget) => {
  const text = textArgument(given);
  walk(text + textArgument(cutset), budget);
  const runes = new Set<number>();
  for (const { rune } of runesOf(textArgument(cutset))) runes.add(rune);
  return made(
    trimmed(text, (rune) => runes.has(rune)),
    budget,
  );
});

/** sprig looks at single bytes here, and takes each for a character. */
function withoutSpace(text: string): string {
  let kept = '';
  for (const byte of text) if (!isSpaceRune(byte.charCodeAt(0))) kept += encodeRune(byte.charCodeAt(0));
  return /[\t-\r \x85\xa0]/.test(text) ? kept : text;
}

function initials(text: string): string {
  let letters = '';
  let afterSpace = true;
  for (const byte of text) {
    const isSpace = isSpaceRune(byte.charCodeAt(0));
    if (!isSpace && afterSpace) letters += encodeRune(byte.charCodeAt(0));
    afterSpace = isSpace;
  }
  return letters;
}

const onText = (change: (text: string, budget: Budget) => string): TemplateFunction =>
  fixed(['string'], ([given], budget) => {
    const text = textArgument(given);
    walk(text, budget);
    return made(change(text, budget), budget);
  });

/** Of a text and what may be at one of its ends. */
const withoutAffix = (cut: (text: string, affix: string) => string): TemplateFunction =>
  fixed(['string', 'string'], ([affix, text], budget) => {
    scan(textArgument(affix), budget);
    return made(cut(textArgument(text), textArgument(affix)), budget);
  });

export const cuttingFunctions: Named = {
  abbrev: fixed(['int', 'string'], ([width, text], budget) => {
    const most = intArgument(width);
    return made(most < 4n ? textArgument(text) : abbreviate(textArgument(text), 0n, bounded(most)), budget);
  }),
  abbrevboth: fixed(['int', 'int', 'string'], ([from, width, text], budget) => {
    const [left, right] = [intArgument(from), intArgument(width)];
    const leaves = right < 4n || (left > 0n && right < 7n);
    return made(leaves ? textArgument(text) : abbreviate(textArgument(text), left, bounded(right)), budget);
  }),
  trunc: fixed(['int', 'string'], ([count, text], budget) =>
    made(truncate(intArgument(count), textArgument(text)), budget),
  ),
  substr: fixed(['int', 'int', 'string'], ([start, end, text], budget) =>
    made(substring(intArgument(start), intArgument(end), textArgument(text)), budget),
  ),
  trim: onText((text) => trimmed(text, isSpaceRune)),
  trimAll,
  trimall: trimAll,
  trimSuffix: withoutAffix((text, affix) => (text.endsWith(affix) ? text.slice(0, text.length - affix.length) : text)),
  trimPrefix: withoutAffix((text, affix) => (text.startsWith(affix) ? text.slice(affix.length) : text)),
  nospace: onText(withoutSpace),
  initials: onText(initials),
};
