/** Go's string literals: strconv.Quote and strconv.Unquote, on byte strings. */
import { decodeRune, encodeRune, isPrint, replacementRune, runesOf } from '../bytes.ts';

const shortEscapes: Readonly<Record<number, string>> = {
  7: '\\a',
  8: '\\b',
  9: '\\t',
  10: '\\n',
  11: '\\v',
  12: '\\f',
  13: '\\r',
  92: '\\\\',
};

const hex = (value: number, digits: number): string => value.toString(16).padStart(digits, '0');

/** With double quotes; `asciiOnly` escapes everything above ASCII (%+q). */
export function quote(bytes: string, asciiOnly = false, mark = '"'): string {
  let quoted = '';
  for (const { rune, size, index } of runesOf(bytes)) {
    quoted +=
      rune === replacementRune && size === 1
        ? `\\x${hex(bytes.charCodeAt(index), 2)}`
        : escapeRune(rune, asciiOnly, mark);
  }
  return mark + quoted + mark;
}

/** Go's %q of a code point. */
export function quoteRune(rune: number, asciiOnly = false): string {
  const valid = rune >= 0 && rune <= 0x10ffff && !(rune >= 0xd800 && rune <= 0xdfff);
  return `'${escapeRune(valid ? rune : replacementRune, asciiOnly, "'")}'`;
}

function escapeRune(rune: number, asciiOnly: boolean, mark: string): string {
  if (rune === mark.charCodeAt(0)) return `\\${mark}`;
  if (rune === 92) return '\\\\';
  if ((rune < 0x80 || !asciiOnly) && isPrint(rune)) return encodeRune(rune);
  const short = shortEscapes[rune];
  if (short) return short;
  if (rune < 0x20 || rune === 0x7f) return `\\x${hex(rune, 2)}`;
  return rune < 0x10000 ? `\\u${hex(rune, 4)}` : `\\U${hex(rune, 8)}`;
}

/** Whether it can stand between backquotes (%#q). */
export function canBackquote(bytes: string): boolean {
  for (const { rune, size } of runesOf(bytes)) {
    if (rune === 0xfeff || (rune === replacementRune && size === 1)) return false;
    if ((rune < 0x20 && rune !== 9) || rune === 0x60 || rune === 0x7f) return false;
  }
  return true;
}

/** The string of a literal in double quotes or backquotes; undefined when it is malformed. */
export function unquote(literal: string): string | undefined {
  const mark = literal[0];
  if (literal.length < 2 || mark !== literal.at(-1)) return undefined;
  const body = literal.slice(1, -1);
  if (mark === '`') return body.includes('`') ? undefined : body.replaceAll('\r', '');
  if (mark !== '"' || body.includes('\n')) return undefined;
  let text = '';
  for (let index = 0; index < body.length; ) {
    const unit = unquoteUnit(body, index, '"');
    if (!unit) return undefined;
    text += unit.text;
    index = unit.next;
  }
  return text;
}

/** The code point of `'x'`; undefined when it is malformed. */
export function unquoteRune(literal: string): { rune: number } | 'malformed' | undefined {
  const unit = unquoteUnit(literal, 1, "'");
  if (!unit) return undefined;
  return literal.slice(unit.next) === "'" ? { rune: unit.rune } : 'malformed';
}

type Unit = { readonly text: string; readonly rune: number; readonly next: number };

const plainEscapes: Readonly<Record<string, number>> = { a: 7, b: 8, f: 12, n: 10, r: 13, t: 9, v: 11, '\\': 92 };
const hexLengths: Readonly<Record<string, number>> = { x: 2, u: 4, U: 8 };

/** One character or escape sequence (strconv.UnquoteChar). */
function unquoteUnit(body: string, index: number, mark: string): Unit | undefined {
  const first = body[index];
  if (first === undefined || first === mark) return undefined;
  if (first !== '\\') {
    const { rune, size } = decodeRune(body, index);
    return { text: body.slice(index, index + size), rune, next: index + size };
  }
  const letter = body[index + 1] ?? '';
  const plain = letter === mark ? mark.charCodeAt(0) : plainEscapes[letter];
  if (plain !== undefined) return { text: String.fromCharCode(plain), rune: plain, next: index + 2 };
  const length = hexLengths[letter];
  if (length !== undefined) {
    const digits = body.slice(index + 2, index + 2 + length);
    if (digits.length !== length || !/^[0-9a-fA-F]+$/.test(digits)) return undefined;
    const rune = Number.parseInt(digits, 16);
    if (length === 2) return { text: String.fromCharCode(rune), rune, next: index + 4 };
    if (rune > 0x10ffff || (rune >= 0xd800 && rune <= 0xdfff)) return undefined;
    return { text: encodeRune(rune), rune, next: index + 2 + length };
  }
  const octal = body.slice(index + 1, index + 4);
  if (!/^[0-7]{3}$/.test(octal)) return undefined;
  const value = Number.parseInt(octal, 8);
  return value > 255 ? undefined : { text: String.fromCharCode(value), rune: value, next: index + 4 };
}
