/**
 * JSON into values as Go's encoding/json reads it into interface{}: objects are maps, numbers float64. It looks at bytes, so
 * that its complaints are Go's; a nesting beyond the limits of the template ends it, not the stack.
 */
import { encodeRune, mapRunes } from '../../bytes.ts';
import type { Budget } from '../../limits.ts';
import { parseFloat64 } from '../../text/numbers.ts';
import { quote } from '../../text/quoting.ts';
import { GoMap, List, type Value } from '../../values.ts';
import { makeEntries, makeItems } from './declare.ts';

/** The value, and what was wrong: text that is no JSON has none, a number out of range is null in its place. */
export type DecodedJson = { readonly value: Value; readonly problem?: string };

export function decodeJson(text: string, budget: Budget): DecodedJson {
  budget.make(text.length);
  const decoder = new Decoder(text, budget);
  try {
    const value = decoder.run();
    return decoder.outOfRange === undefined ? { value } : { value, problem: decoder.outOfRange };
  } catch (error) {
    if (!(error instanceof Malformed)) throw error;
    return { value: null, problem: error.message };
  }
}

class Malformed extends Error {}

/** Where Go takes the end of the text for a space that ends the token before it looks for more. */
const inToken = /literal (true|false|null) |numeric literal|escape/;

class Decoder {
  readonly #text: string;
  readonly #budget: Budget;
  #at = 0;
  outOfRange: string | undefined;

  constructor(text: string, budget: Budget) {
    this.#text = text;
    this.#budget = budget;
  }

  run(): Value {
    const value = this.#value(0);
    this.#space();
    if (this.#at < this.#text.length) this.#fail('after top-level value');
    return value;
  }

  #fail(context: string): never {
    const character = this.#text[this.#at] ?? (inToken.test(context) ? ' ' : undefined);
    if (character === undefined) throw new Malformed('unexpected end of JSON input');
    throw new Malformed(`invalid character ${shown(character)} ${context}`);
  }

  #space(): void {
    while (' \t\r\n'.includes(this.#text[this.#at] ?? 'x')) this.#at++;
  }

  #value(depth: number): Value {
    this.#budget.enter(depth);
    this.#budget.step();
    this.#space();
    switch (this.#text[this.#at]) {
      case '{':
        return this.#object(depth);
      case '[':
        return this.#array(depth);
      case '"':
        return this.#string();
      case 't':
        return this.#word('true', true);
      case 'f':
        return this.#word('false', false);
      case 'n':
        return this.#word('null', null);
      default:
        return this.#number();
    }
  }

  #word<T>(word: string, value: T): T {
    for (const character of word) {
      if (this.#text[this.#at] !== character) this.#fail(`in literal ${word} (expecting ${shown(character)})`);
      this.#at++;
    }
    return value;
  }

  #object(depth: number): Value {
    const entries = new Map<string, Value>();
    this.#at++;
    this.#space();
    if (this.#text[this.#at] === '}') {
      this.#at++;
      return new GoMap(entries);
    }
    for (;;) {
      this.#space();
      if (this.#text[this.#at] !== '"') this.#fail('looking for beginning of object key string');
      const key = this.#string();
      this.#space();
      if (this.#text[this.#at] !== ':') this.#fail('after object key');
      this.#at++;
      makeEntries(1, this.#budget);
      entries.set(key, this.#value(depth + 1));
      if (this.#isLast('}', 'after object key:value pair')) return new GoMap(entries);
    }
  }

  #array(depth: number): Value {
    const items: Value[] = [];
    this.#at++;
    this.#space();
    if (this.#text[this.#at] === ']') {
      this.#at++;
      return new List(items);
    }
    for (;;) {
      makeItems(1, this.#budget);
      items.push(this.#value(depth + 1));
      if (this.#isLast(']', 'after array element')) return new List(items);
    }
  }

  #isLast(close: string, context: string): boolean {
    this.#space();
    const character = this.#text[this.#at];
    if (character !== ',' && character !== close) this.#fail(context);
    this.#at++;
    return character === close;
  }

  #string(): string {
    let text = '';
    let copied = ++this.#at;
    for (;;) {
      const character = this.#text[this.#at];
      if (character === undefined || character < ' ') this.#fail('in string literal');
      if (character === '"' || character === '\\') {
        text += this.#text.slice(copied, this.#at++);
        if (character === '"') return validUtf8(text);
        text += this.#escape();
        copied = this.#at;
      } else this.#at++;
    }
  }

  #escape(): string {
    const character = this.#text[this.#at] ?? '';
    if (character === 'u') {
      this.#at++;
      return this.#unicode();
    }
    const plain = plainEscapes[character];
    if (plain === undefined) this.#fail('in string escape code');
    this.#at++;
    return plain;
  }

  #unicode(): string {
    const unit = this.#hex4();
    const isHigh = unit >= 0xd800 && unit < 0xdc00;
    if (isHigh && this.#text.startsWith('\\u', this.#at)) {
      const before = this.#at;
      this.#at += 2;
      const low = this.#hex4();
      if (low >= 0xdc00 && low < 0xe000) return encodeRune(0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00));
      this.#at = before;
    }
    return encodeRune(unit);
  }

  #hex4(): number {
    const start = this.#at;
    for (; this.#at < start + 4; this.#at++) {
      if (!/[0-9a-fA-F]/.test(this.#text[this.#at] ?? '')) this.#fail('in \\u hexadecimal character escape');
    }
    return Number.parseInt(this.#text.slice(start, this.#at), 16);
  }

  #number(): Value {
    const start = this.#at;
    const first = this.#text[this.#at] ?? '';
    if (first !== '-' && !isDigit(first)) this.#fail('looking for beginning of value');
    if (first === '-') this.#at++;
    if (this.#text[this.#at] === '0') this.#at++;
    else this.#digits('in numeric literal');
    if (this.#text[this.#at] === '.') {
      this.#at++;
      this.#digits('after decimal point in numeric literal');
    }
    if (/[eE]/.test(this.#text[this.#at] ?? '')) {
      this.#at++;
      if (/[+-]/.test(this.#text[this.#at] ?? '')) this.#at++;
      this.#digits('in exponent of numeric literal');
    }
    const literal = this.#text.slice(start, this.#at);
    const { value, problem } = parseFloat64(literal);
    if (!problem) return value;
    this.outOfRange ??= `json: cannot unmarshal number ${literal} into Go value of type float64`;
    return null;
  }

  #digits(context: string): void {
    if (!isDigit(this.#text[this.#at] ?? '')) this.#fail(context);
    while (isDigit(this.#text[this.#at] ?? '')) this.#at++;
  }
}

const isDigit = (character: string): boolean => character >= '0' && character <= '9';

const plainEscapes: Readonly<Record<string, string>> = {
  '"': '"',
  '\\': '\\',
  '/': '/',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
};

/** What is no UTF-8 becomes U+FFFD. */
const validUtf8 = (bytes: string): string => mapRunes(bytes, (rune) => rune);

/** A byte as Go quotes it as a character, taking it for a code point. */
function shown(character: string): string {
  if (character === "'") return `'\\''`;
  if (character === '"') return `'"'`;
  return `'${quote(encodeRune(character.charCodeAt(0))).slice(1, -1)}'`;
}
