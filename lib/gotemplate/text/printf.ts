/**
 * Go's fmt.Sprintf, on byte strings, with its complaints in the text (`%!d(string=hi)`). Verbs: v T t d b o O x X c q U e E f F g
 * G s and %; flags + - # 0 and space, width and precision, `*`, and argument indexes (`%[2]d`).
 */
import { countRunes, decodeRune, encodeRune, runesOf } from '../bytes.ts';
import type { Budget } from '../limits.ts';
import { GoMap, Integer, integerOf, List, Struct, typeName, type Value } from '../values.ts';
import { formatFloat } from './floats.ts';
import { renderValue } from './print.ts';
import { canBackquote, quote, quoteRune } from './quoting.ts';

type Argument = Value | undefined;

type Directive = {
  verb: string;
  plus: boolean;
  minus: boolean;
  sharp: boolean;
  /** `+` of %+v: names of fields, and no signs. */
  named: boolean;
  space: boolean;
  zero: boolean;
  width: number | undefined;
  precision: number | undefined;
};

/** Go caps both. */
const maxWidth = 1_000_000;

export function sprintf(format: string, args: readonly Argument[], budget: Budget): string {
  return new Formatter(format, args, budget).run();
}

class Formatter {
  readonly #format: string;
  readonly #args: readonly Argument[];
  readonly #budget: Budget;
  #at = 0;
  #next = 0;
  #reordered = false;
  /** An index that is out of range or malformed. */
  #badIndex = false;
  #text = '';

  constructor(format: string, args: readonly Argument[], budget: Budget) {
    this.#format = format;
    this.#args = args;
    this.#budget = budget;
  }

  run(): string {
    while (this.#at < this.#format.length) {
      const percent = this.#format.indexOf('%', this.#at);
      const end = percent < 0 ? this.#format.length : percent;
      this.#write(this.#format.slice(this.#at, end));
      this.#at = end + 1;
      if (percent >= 0) this.#directive();
    }
    if (!this.#reordered && this.#next < this.#args.length) {
      const extra = this.#args
        .slice(this.#next)
        .map((value) =>
          value === null || value === undefined ? '<nil>' : `${typeName(value)}=${renderValue(value, this.#budget)}`,
        );
      this.#write(`%!(EXTRA ${extra.join(', ')})`);
    }
    return this.#text;
  }

  #write(text: string): void {
    this.#budget.make(text.length);
    this.#text += text;
  }

  #directive(): void {
    this.#badIndex = false;
    const directive: Directive = {
      ...{ verb: '', plus: false, minus: false, sharp: false, named: false, space: false, zero: false },
      ...{ width: undefined, precision: undefined },
    };
    this.#flags(directive);
    let indexed = this.#index();
    if (this.#format[this.#at] === '*') {
      this.#at++;
      const width = this.#starred();
      if (width === undefined) this.#write('%!(BADWIDTH)');
      else {
        directive.width = Math.abs(width);
        if (width < 0) [directive.minus, directive.zero] = [true, false];
      }
      indexed = false;
    } else {
      directive.width = this.#number();
      if (indexed && directive.width !== undefined) this.#badIndex = true;
    }
    if (this.#format[this.#at] === '.') {
      this.#at++;
      if (indexed) this.#badIndex = true;
      indexed = this.#index();
      if (this.#format[this.#at] === '*') {
        this.#at++;
        const precision = this.#starred();
        directive.precision = precision !== undefined && precision >= 0 ? precision : undefined;
        if (precision === undefined) this.#write('%!(BADPREC)');
        indexed = false;
      } else directive.precision = this.#number() ?? 0;
    }
    if (!indexed) this.#index();
    if (this.#at >= this.#format.length) {
      this.#write('%!(NOVERB)');
      return;
    }
    const { rune, size } = decodeRune(this.#format, this.#at);
    directive.verb = encodeRune(rune);
    if (directive.verb === 'v') [directive.named, directive.plus] = [directive.plus, false];
    this.#at += size;
    this.#verb(directive);
  }

  #verb(directive: Directive): void {
    const { verb } = directive;
    if (verb === '%') this.#write('%');
    else if (this.#badIndex) this.#write(`%!${verb}(BADINDEX)`);
    else if (this.#next >= this.#args.length) this.#write(`%!${verb}(MISSING)`);
    else {
      const value = this.#args[this.#next++];
      this.#write(this.#render(directive, value, 0));
    }
  }

  #flags(directive: Directive): void {
    for (; ; this.#at++) {
      switch (this.#format[this.#at]) {
        case '+':
          directive.plus = true;
          break;
        case '-':
          directive.minus = true;
          break;
        case '#':
          directive.sharp = true;
          break;
        case ' ':
          directive.space = true;
          break;
        case '0':
          directive.zero = true;
          break;
        default:
          return;
      }
    }
  }

  /** `[3]`; true when there was one. */
  #index(): boolean {
    if (this.#format[this.#at] !== '[') return false;
    this.#reordered = true;
    const close = this.#format.indexOf(']', this.#at);
    const text = close < 0 ? '' : this.#format.slice(this.#at + 1, close);
    this.#at = close < 0 ? this.#at + 1 : close + 1;
    const index = /^[0-9]{1,6}$/.test(text) ? Number(text) : 0;
    if (index < 1 || index > this.#args.length) this.#badIndex = true;
    else this.#next = index - 1;
    return true;
  }

  #number(): number | undefined {
    const [digits = ''] = /^[0-9]+/.exec(this.#format.slice(this.#at, this.#at + 10)) ?? [];
    if (digits === '') return undefined;
    this.#at += digits.length;
    const number = Number(digits);
    return number > maxWidth ? undefined : number;
  }

  #starred(): number | undefined {
    const value = integerOf(this.#args[this.#next]);
    if (this.#next < this.#args.length) this.#next++;
    return value === undefined || value > maxWidth || value < -maxWidth ? undefined : Number(value);
  }

  #render(directive: Directive, value: Argument, depth: number): string {
    this.#budget.enter(depth);
    this.#budget.step();
    const { verb } = directive;
    if (value === null || value === undefined) {
      const isPlain = depth > 0 || verb === 'v' || verb === 'T';
      return isPlain ? this.#pad(directive, '<nil>') : `%!${verb}(<nil>)`;
    }
    if (verb === 'T') return this.#shown(directive, typeName(value));
    if (verb === 'p') return this.#bad(directive, value);
    const integer = integerOf(value);
    if (integer !== undefined && !(stringOf(value) !== undefined && stringVerbs.includes(verb))) {
      return this.#integer(directive, value, integer);
    }
    switch (typeof value) {
      case 'boolean':
        return verb === 't' || verb === 'v' ? this.#pad(directive, String(value)) : this.#bad(directive, value);
      case 'number':
        return this.#float(directive, value);
      case 'string':
        return this.#string(directive, value);
      default:
        return this.#composite(directive, value, depth);
    }
  }

  #composite(directive: Directive, value: Exclude<Value, null>, depth: number): string {
    const inner = (each: Value): string => this.#render(directive, each, depth + 1);
    const { verb } = directive;
    const text = stringOf(value);
    if (text !== undefined && stringVerbs.includes(verb)) return this.#string(directive, text);
    if (value instanceof List) {
      if (value.element === 'uint8' && 'sqxX'.includes(verb)) {
        const bytes = value.items.map((item) => String.fromCharCode(Number(integerOf(item) ?? 0n))).join('');
        return this.#string(directive, bytes);
      }
      return `[${value.items.map(inner).join(' ')}]`;
    }
    if (value instanceof GoMap) {
      const entries = value.sorted().map(([key, each]) => `${inner(key)}:${inner(each)}`);
      return `map[${entries.join(' ')}]`;
    }
    if (value instanceof Struct) {
      const fields = [...value.fields].map(([name, field]) =>
        directive.named ? `${name}:${inner(field.value)}` : inner(field.value),
      );
      return `${value.pointer && depth === 0 ? '&{' : '{'}${fields.join(' ')}}`;
    }
    return this.#bad(directive, value);
  }

  #bad({ verb }: Directive, value: Exclude<Argument, null | undefined>): string {
    return `%!${verb}(${typeName(value)}=${renderValue(value, this.#budget)})`;
  }

  #integer(directive: Directive, value: Exclude<Value, null>, integer: bigint): string {
    const { verb, sharp, plus, space } = directive;
    const radix = { d: 10, v: 10, b: 2, o: 8, O: 8, x: 16, X: 16 }[verb];
    if (radix === undefined) {
      const rune = integer >= 0n && integer <= 0x10ffffn ? Number(integer) : 0xfffd;
      if (verb === 'c') return this.#pad(directive, encodeRune(rune));
      if (verb === 'q') return this.#pad(directive, quoteRune(rune, plus));
      if (verb === 'U') {
        const code = `U+${BigInt.asUintN(64, integer)
          .toString(16)
          .toUpperCase()
          .padStart(Math.max(4, directive.precision ?? 0), '0')}`;
        return this.#pad(directive, sharp ? `${code} '${encodeRune(rune)}'` : code);
      }
      return this.#bad(directive, value);
    }
    const magnitude = integer < 0n ? -integer : integer;
    let digits = magnitude.toString(radix);
    if (verb === 'X') digits = digits.toUpperCase();
    const sign = integer < 0n ? '-' : plus ? '+' : space ? ' ' : '';
    if (directive.precision !== undefined) {
      if (directive.precision === 0 && integer === 0n) return this.#pad({ ...directive, zero: false }, '');
      digits = digits.padStart(directive.precision, '0');
    } else if (directive.zero && !directive.minus && directive.width !== undefined) {
      this.#budget.make(directive.width);
      digits = digits.padStart(directive.width - sign.length, '0');
    }
    let prefix = verb === 'O' ? '0o' : '';
    if (sharp && verb === 'b') prefix = '0b';
    if (sharp && verb === 'o' && digits[0] !== '0') prefix = '0';
    if (sharp && (verb === 'x' || verb === 'X')) prefix = `0${verb}`;
    return this.#pad({ ...directive, zero: false }, sign + prefix + digits);
  }

  #float(directive: Directive, value: number): string {
    const { verb, plus, space } = directive;
    if (!'vgGeEfF'.includes(verb)) return this.#bad(directive, value);
    const style = verb === 'v' ? 'g' : (verb.toLowerCase() as 'e' | 'f' | 'g');
    const precision = directive.precision ?? (style === 'g' ? -1 : 6);
    let text = formatFloat(value, style, precision);
    if (verb === 'E' || verb === 'G') text = text.replace('e', 'E');
    const signed = /^[+-]/.test(text) ? text : `+${text}`;
    const isNumber = Number.isFinite(value);
    const sign = signed.startsWith('-') || plus ? signed[0] : space ? ' ' : !isNumber && value > 0 ? '+' : '';
    const body = signed.slice(1);
    if (directive.zero && !directive.minus && isNumber && directive.width !== undefined) {
      this.#budget.make(directive.width);
      return (sign ?? '') + body.padStart(directive.width - (sign ?? '').length, '0');
    }
    return this.#pad({ ...directive, zero: false }, (sign ?? '') + body);
  }

  #string(directive: Directive, value: string): string {
    const { verb, sharp, plus, space, precision } = directive;
    switch (verb) {
      case 'v':
        return this.#shown(directive, sharp ? quote(value) : value);
      case 's':
        return this.#shown(directive, value);
      case 'q': {
        const cut = precision === undefined ? value : firstRunes(value, precision);
        if (sharp && canBackquote(cut)) return this.#pad(directive, `\`${cut}\``);
        return this.#pad(directive, quote(cut, plus));
      }
      case 'x':
      case 'X': {
        const bytes = precision === undefined ? value : value.slice(0, precision);
        this.#budget.make(bytes.length * 2);
        const hex = Array.from(Buffer.from(bytes, 'latin1'), (each) => each.toString(16).padStart(2, '0'));
        const prefix = sharp ? '0x' : '';
        const joined = space ? hex.map((each) => prefix + each).join(' ') : bytes ? prefix + hex.join('') : '';
        return this.#pad(directive, verb === 'X' ? joined.toUpperCase() : joined);
      }
      default:
        return this.#bad(directive, value);
    }
  }

  #shown(directive: Directive, text: string): string {
    const { precision } = directive;
    return this.#pad(directive, precision === undefined ? text : firstRunes(text, precision));
  }

  #pad({ width, minus, zero }: Directive, text: string): string {
    const missing = (width ?? 0) - countRunes(text);
    if (missing <= 0) return text;
    this.#budget.make(missing);
    if (minus) return text + ' '.repeat(missing);
    return (zero ? '0' : ' ').repeat(missing) + text;
  }
}

/** Verbs for which a String method speaks. */
const stringVerbs = 'vsxXq';

const stringOf = (value: Exclude<Value, null>): string | undefined =>
  value instanceof Integer || value instanceof Struct ? value.text : undefined;

function firstRunes(text: string, count: number): string {
  let seen = 0;
  for (const { index } of runesOf(text)) if (seen++ === count) return text.slice(0, index);
  return text;
}
