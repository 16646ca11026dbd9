/** sprig: capital and small letters. As in Go each character becomes one character: `ß` has no capital. */
import { isDigit, isLetter, isLower, isSpaceRune, isUpper, mapRunes, toLowerRune, toUpperRune } from '../../bytes.ts';
import type { TemplateFunction } from '../../execution/functions.ts';
import { fixed, type Named, textArgument } from '../data/declare.ts';
import { made, walk } from './made.ts';

/** Of one text, looked at character by character. */
const onRunes = (change: (text: string) => string): TemplateFunction =>
  fixed(['string'], ([given], budget) => {
    const text = textArgument(given);
    walk(text, budget);
    return made(change(text), budget);
  });

const titleLetter = /^\p{Lt}$/u;
const isTitle = (rune: number): boolean => titleLetter.test(String.fromCodePoint(rune));

/** Digraphs that have a form of their own at the beginning of a word: small, capital and that one. */
const digraphs: readonly (readonly [first: number, last: number, title: number])[] = [
  [0x1c4, 0x1c6, 0x1c5],
  [0x1c7, 0x1c9, 0x1c8],
  [0x1ca, 0x1cc, 0x1cb],
  [0x1f1, 0x1f3, 0x1f2],
];

/** Georgian writes no word with one capital. */
const isGeorgian = (rune: number): boolean => (rune >= 0x10d0 && rune <= 0x10fa) || (rune >= 0x10fd && rune <= 0x10ff);

/** unicode.ToTitle */
function toTitleRune(rune: number): number {
  const digraph = digraphs.find(([first, last]) => rune >= first && rune <= last);
  if (digraph) return digraph[2];
  return isGeorgian(rune) ? rune : toUpperRune(rune);
}

/** What words are parted by (strings.Title). */
function isSeparator(rune: number): boolean {
  if (rune < 0x80) return !/[0-9A-Za-z_]/.test(String.fromCharCode(rune));
  return !isLetter(rune) && !isDigit(rune) && isSpaceRune(rune);
}

function title(text: string): string {
  let startsWord = true;
  return mapRunes(text, (rune) => {
    const mapped = startsWord ? toTitleRune(rune) : rune;
    startsWord = isSeparator(rune);
    return mapped;
  });
}

function untitle(text: string): string {
  let startsWord = true;
  return mapRunes(text, (rune) => {
    if (isSpaceRune(rune)) {
      startsWord = true;
      return rune;
    }
    const mapped = startsWord ? toLowerRune(rune) : rune;
    startsWord = false;
    return mapped;
  });
}

/** A small letter after space becomes that of a title. */
function swapCase(text: string): string {
  let afterSpace = true;
  return mapRunes(text, (rune) => {
    if (isUpper(rune) || isTitle(rune)) {
      afterSpace = false;
      return toLowerRune(rune);
    }
    if (!isLower(rune)) {
      afterSpace = isSpaceRune(rune);
      return rune;
    }
    const mapped = afterSpace ? toTitleRune(rune) : toUpperRune(rune);
    afterSpace = false;
    return mapped;
  });
}

export const caseFunctions: Named = {
  upper: onRunes((text) => mapRunes(text, toUpperRune)),
  lower: onRunes((text) => mapRunes(text, toLowerRune)),
  title: onRunes(title),
  untitle: onRunes(untitle),
  swapcase: onRunes(swapCase),
};
