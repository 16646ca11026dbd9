/**
 * Go strings are bytes, and templates slice, index and compare them as such. Inside the engine a string is therefore a
 * JavaScript string of character codes 0 to 255, one for each byte of its UTF-8 form; ASCII text is its own form.
 *
 * Keep: text is converted once on its way in and once on its way out, and never mixed with byte strings in between.
 */

/** What takes the place of bytes that are no UTF-8 (U+FFFD). */
export const replacementRune = 0xfffd;

function isAscii(text: string): boolean {
  for (let index = 0; index < text.length; index++) if (text.charCodeAt(index) > 0x7f) return false;
  return true;
}

/** Text to bytes; half surrogate pairs become U+FFFD. */
export const toByteString = (text: string): string =>
  isAscii(text) ? text : Buffer.from(text, 'utf8').toString('latin1');

/** Bytes to text; what is no UTF-8 becomes U+FFFD. */
export const fromByteString = (bytes: string): string =>
  isAscii(bytes) ? bytes : Buffer.from(bytes, 'latin1').toString('utf8');

/** A code point and how many bytes it took; U+FFFD and 1 for a byte that begins nothing (utf8.DecodeRune). */
export type Rune = { readonly rune: number; readonly size: number };

const invalid: Rune = { rune: replacementRune, size: 1 };

/** `index` is within the string. */
export function decodeRune(bytes: string, index: number): Rune {
  const first = bytes.charCodeAt(index);
  if (first < 0x80) return { rune: first, size: 1 };
  const size = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4 || index + size > bytes.length) return invalid;
  let rune = first & (0xff >> (size + 1));
  for (let offset = 1; offset < size; offset++) {
    const byte = bytes.charCodeAt(index + offset);
    if ((byte & 0xc0) !== 0x80) return invalid;
    rune = (rune << 6) | (byte & 0x3f);
  }
  const shortest = size === 2 ? 0x80 : size === 3 ? 0x800 : 0x10000;
  if (rune < shortest || rune > 0x10ffff || (rune >= 0xd800 && rune <= 0xdfff)) return invalid;
  return { rune, size };
}

/** Code points in order, with the position of each (a Go `range` over a string). */
export function* runesOf(bytes: string): Generator<Rune & { readonly index: number }> {
  for (let index = 0; index < bytes.length; ) {
    const { rune, size } = decodeRune(bytes, index);
    yield { rune, size, index };
    index += size;
  }
}

/** Bytes of one code point; U+FFFD for what is none. */
export function encodeRune(rune: number): string {
  if (rune >= 0 && rune < 0x80) return String.fromCharCode(rune);
  const valid = rune >= 0 && rune <= 0x10ffff && !(rune >= 0xd800 && rune <= 0xdfff);
  return toByteString(String.fromCodePoint(valid ? rune : replacementRune));
}

/** How many code points. */
export function countRunes(bytes: string): number {
  let count = 0;
  for (const _ of runesOf(bytes)) count++;
  return count;
}

/** The code points of a byte string one by one, changed by `map`. */
export function mapRunes(bytes: string, map: (rune: number, index: number) => number | string): string {
  let result = '';
  for (const { rune, index } of runesOf(bytes)) {
    const mapped = map(rune, index);
    result += typeof mapped === 'string' ? mapped : encodeRune(mapped);
  }
  return result;
}

const letter = /^\p{L}$/u;
const digit = /^\p{Nd}$/u;
const upper = /^\p{Lu}$/u;
const lower = /^\p{Ll}$/u;
const graphic = /^[\p{L}\p{M}\p{N}\p{P}\p{S}]$/u;
const isRune = (pattern: RegExp, rune: number): boolean => pattern.test(String.fromCodePoint(rune));

/** Go's unicode.IsLetter and its fellows. */
export const isLetter = (rune: number): boolean => isRune(letter, rune);
export const isDigit = (rune: number): boolean => isRune(digit, rune);
export const isUpper = (rune: number): boolean => isRune(upper, rune);
export const isLower = (rune: number): boolean => isRune(lower, rune);
export const isPrint = (rune: number): boolean => rune === 0x20 || isRune(graphic, rune);

/** Go's unicode.IsSpace. */
export const isSpaceRune = (rune: number): boolean =>
  (rune >= 9 && rune <= 13) ||
  [0x20, 0x85, 0xa0, 0x1680, 0x2028, 0x2029, 0x202f, 0x205f, 0x3000].includes(rune) ||
  (rune >= 0x2000 && rune <= 0x200a);

/** Greek letters with a small iota below: their capitals are one character to Go and two to JavaScript. */
function withIotaBelow(rune: number): number {
  if (rune >= 0x1f80 && rune <= 0x1faf) return rune | 8;
  return [0x1fb3, 0x1fc3, 0x1ff3].includes(rune) ? rune + 9 : rune;
}

/** One code point to one (unicode.ToUpper): `ß` stays, unlike in JavaScript. */
export function toUpperRune(rune: number): number {
  const mapped = [...String.fromCodePoint(rune).toUpperCase()];
  return mapped.length === 1 ? (mapped[0]?.codePointAt(0) ?? rune) : withIotaBelow(rune);
}

/** One code point to one (unicode.ToLower). */
export const toLowerRune = (rune: number): number => String.fromCodePoint(rune).toLowerCase().codePointAt(0) ?? rune;
