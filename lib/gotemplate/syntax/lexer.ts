/**
 * The lexer of text/template (Go 1.26, text/template/parse/lex.go): text outside of actions, words inside of them. The
 * input is a byte string; positions are bytes and lines count from 1, as in Go's messages.
 */
import { decodeRune, encodeRune, isDigit, isLetter, isPrint } from '../bytes.ts';
import { quote } from '../text/quoting.ts';

export type TokenType =
  | 'error'
  | 'bool'
  | 'char'
  | 'charConstant'
  | 'complex'
  | 'assign'
  | 'declare'
  | 'eof'
  | 'field'
  | 'identifier'
  | 'leftDelim'
  | 'leftParen'
  | 'number'
  | 'pipe'
  | 'rawString'
  | 'rightDelim'
  | 'rightParen'
  | 'space'
  | 'string'
  | 'text'
  | 'variable'
  | Keyword;

const keywords = [
  'block',
  'break',
  'continue',
  'define',
  'else',
  'end',
  'if',
  'nil',
  'range',
  'template',
  'with',
] as const;
export type Keyword = (typeof keywords)[number] | 'dot';

export type Token = {
  readonly type: TokenType;
  /** Of its first byte. */
  readonly position: number;
  readonly line: number;
  /** For an error its text. */
  readonly value: string;
};

/** As Go names a token in "unexpected …". */
export function describeToken({ type, value }: Token): string {
  if (type === 'eof') return 'EOF';
  if (type === 'error') return value;
  if (type === 'dot' || (keywords as readonly string[]).includes(type)) return `<${value}>`;
  if (value.length <= 10) return quote(value);
  let end = 0;
  for (let runes = 0; runes < 10 && end < value.length; runes++) end += decodeRune(value, end).size;
  return `${quote(value.slice(0, end))}...`;
}

const eof = -1;
const spaces = ' \t\r\n';
const isSpace = (rune: number): boolean => rune === 32 || rune === 9 || rune === 13 || rune === 10;
const isAlphaNumeric = (rune: number): boolean => rune !== eof && (rune === 95 || isLetter(rune) || isDigit(rune));
const code = (character: string): number => character.charCodeAt(0);

export class Lexer {
  readonly #input: string;
  #position = 0;
  #start = 0;
  #line = 1;
  #startLine = 1;
  #width = 0;
  #parenDepth = 0;
  #insideAction = false;
  #failed = false;

  constructor(input: string) {
    this.#input = input;
  }

  /** The next token; after an error or the end always the end. */
  next(): Token {
    if (this.#failed) return { type: 'eof', position: 0, line: this.#startLine, value: 'EOF' };
    return this.#insideAction ? this.#lexAction() : this.#lexText();
  }

  #token(type: TokenType): Token {
    const token = {
      type,
      position: this.#start,
      line: this.#startLine,
      value: this.#input.slice(this.#start, this.#position),
    };
    this.#start = this.#position;
    this.#startLine = this.#line;
    return token;
  }

  #error(value: string): Token {
    this.#failed = true;
    return { type: 'error', position: this.#start, line: this.#startLine, value };
  }

  #read(): number {
    if (this.#position >= this.#input.length) {
      this.#width = 0;
      return eof;
    }
    const { rune, size } = decodeRune(this.#input, this.#position);
    this.#width = size;
    this.#position += size;
    if (rune === 10) this.#line++;
    return rune;
  }

  /** Undoes the last read; once. */
  #backup(): void {
    this.#position -= this.#width;
    if (this.#width === 1 && this.#input[this.#position] === '\n') this.#line--;
    this.#width = 0;
  }

  #peek(): number {
    return this.#position >= this.#input.length ? eof : decodeRune(this.#input, this.#position).rune;
  }

  #accept(valid: string): boolean {
    const rune = this.#peek();
    if (rune === eof || rune > 0x7f || !valid.includes(String.fromCharCode(rune))) return false;
    this.#read();
    return true;
  }

  #acceptRun(valid: string): void {
    while (this.#accept(valid));
  }

  /** Passes over input without reading it rune by rune. */
  #skipTo(position: number): void {
    for (let index = this.#position; index < position; index++) if (this.#input[index] === '\n') this.#line++;
    this.#position = position;
  }

  #ignore(): void {
    this.#start = this.#position;
    this.#startLine = this.#line;
  }

  #lexText(): Token {
    const found = this.#input.indexOf('{{', this.#position);
    if (found < 0) {
      this.#skipTo(this.#input.length);
      return this.#position > this.#start ? this.#token('text') : this.#token('eof');
    }
    if (found > this.#position) {
      let end = found;
      if (this.#hasLeftTrim(found + 2)) while (end > this.#start && spaces.includes(this.#input[end - 1] ?? '')) end--;
      this.#skipTo(end);
      const text = this.#token('text');
      this.#skipTo(found);
      this.#ignore();
      if (text.value.length > 0) return text;
    }
    return this.#lexLeftDelim();
  }

  #hasLeftTrim(position: number): boolean {
    return this.#input[position] === '-' && isSpace(this.#input.charCodeAt(position + 1));
  }

  #hasRightTrim(position: number): boolean {
    return isSpace(this.#input.charCodeAt(position)) && this.#input[position + 1] === '-';
  }

  #lexLeftDelim(): Token {
    this.#position += 2;
    const marker = this.#hasLeftTrim(this.#position) ? 2 : 0;
    if (this.#input.startsWith('/*', this.#position + marker)) {
      this.#skipTo(this.#position + marker);
      this.#ignore();
      return this.#lexComment();
    }
    const token = this.#token('leftDelim');
    this.#insideAction = true;
    this.#skipTo(this.#position + marker);
    this.#ignore();
    this.#parenDepth = 0;
    return token;
  }

  #lexComment(): Token {
    const end = this.#input.indexOf('*/', this.#position + 2);
    if (end < 0) return this.#error('unclosed comment');
    this.#skipTo(end + 2);
    const delimiter = this.#rightDelim();
    if (!delimiter) return this.#error('comment ends before closing delimiter');
    this.#passRightDelim(delimiter);
    this.#ignore();
    return this.#lexText();
  }

  #rightDelim(): 'plain' | 'trimming' | undefined {
    if (this.#hasRightTrim(this.#position) && this.#input.startsWith('}}', this.#position + 2)) return 'trimming';
    return this.#input.startsWith('}}', this.#position) ? 'plain' : undefined;
  }

  /** Leaves the delimiter as the current token when it is told to. */
  #passRightDelim(delimiter: 'plain' | 'trimming'): Token {
    if (delimiter === 'trimming') {
      this.#skipTo(this.#position + 2);
      this.#ignore();
    }
    this.#skipTo(this.#position + 2);
    const token = this.#token('rightDelim');
    if (delimiter === 'trimming') {
      let end = this.#position;
      while (end < this.#input.length && spaces.includes(this.#input[end] ?? '')) end++;
      this.#skipTo(end);
      this.#ignore();
    }
    return token;
  }

  #lexRightDelim(delimiter: 'plain' | 'trimming'): Token {
    const token = this.#passRightDelim(delimiter);
    this.#insideAction = false;
    return token;
  }

  #lexAction(): Token {
    const delimiter = this.#rightDelim();
    if (delimiter) return this.#parenDepth === 0 ? this.#lexRightDelim(delimiter) : this.#error('unclosed left paren');
    const rune = this.#read();
    if (rune === eof) return this.#error('unclosed action');
    if (isSpace(rune)) {
      this.#backup();
      return this.#lexSpace();
    }
    switch (String.fromCodePoint(rune)) {
      case '=':
        return this.#token('assign');
      case ':':
        return this.#read() === code('=') ? this.#token('declare') : this.#error('expected :=');
      case '|':
        return this.#token('pipe');
      case '"':
        return this.#lexQuoted(code('"'), 'string', 'quoted string');
      case '`':
        return this.#lexRawQuote();
      case '$':
        return this.#atTerminator() ? this.#token('variable') : this.#lexFieldOrVariable('variable');
      case "'":
        return this.#lexQuoted(code("'"), 'charConstant', 'character constant');
      case '(':
        this.#parenDepth++;
        return this.#token('leftParen');
      case ')':
        this.#parenDepth--;
        return this.#parenDepth < 0 ? this.#error('unexpected right paren') : this.#token('rightParen');
    }
    if (rune === code('.')) {
      const next = this.#input[this.#position];
      if (next !== undefined && (next < '0' || next > '9')) return this.#lexFieldOrVariable('field');
    }
    if ('.+-0123456789'.includes(String.fromCodePoint(rune))) {
      this.#backup();
      return this.#lexNumber();
    }
    if (isAlphaNumeric(rune)) {
      this.#backup();
      return this.#lexIdentifier();
    }
    if (rune <= 0x7f && isPrint(rune)) return this.#token('char');
    return this.#error(`unrecognized character in action: ${describeRune(rune)}`);
  }

  #lexSpace(): Token {
    let count = 0;
    while (isSpace(this.#peek())) {
      this.#read();
      count++;
    }
    // The last space may belong to a trimming delimiter.
    if (this.#hasRightTrim(this.#position - 1) && this.#input.startsWith('}}', this.#position + 1)) {
      this.#backup();
      if (count === 1) return this.#lexRightDelim('trimming');
    }
    return this.#token('space');
  }

  #lexIdentifier(): Token {
    while (isAlphaNumeric(this.#peek())) this.#read();
    const word = this.#input.slice(this.#start, this.#position);
    if (!this.#atTerminator()) return this.#error(`bad character ${describeRune(this.#peek())}`);
    if ((keywords as readonly string[]).includes(word)) return this.#token(word as Keyword);
    return this.#token(word === 'true' || word === 'false' ? 'bool' : 'identifier');
  }

  #lexFieldOrVariable(type: 'field' | 'variable'): Token {
    if (this.#atTerminator()) return this.#token(type === 'variable' ? 'variable' : 'dot');
    while (isAlphaNumeric(this.#peek())) this.#read();
    return this.#atTerminator() ? this.#token(type) : this.#error(`bad character ${describeRune(this.#peek())}`);
  }

  #atTerminator(): boolean {
    const rune = this.#peek();
    if (rune === eof || isSpace(rune) || '.,|:)('.includes(String.fromCodePoint(rune))) return true;
    return this.#input.startsWith('}}', this.#position);
  }

  #lexQuoted(mark: number, type: TokenType, what: string): Token {
    for (;;) {
      let rune = this.#read();
      if (rune === code('\\')) {
        rune = this.#read();
        if (rune !== eof && rune !== 10) continue;
      }
      if (rune === eof || rune === 10) return this.#error(`unterminated ${what}`);
      if (rune === mark) return this.#token(type);
    }
  }

  #lexRawQuote(): Token {
    const end = this.#input.indexOf('`', this.#position);
    if (end < 0) return this.#error('unterminated raw quoted string');
    this.#skipTo(end + 1);
    return this.#token('rawString');
  }

  #lexNumber(): Token {
    const bad = (): Token => this.#error(`bad number syntax: ${quote(this.#input.slice(this.#start, this.#position))}`);
    if (!this.#scanNumber()) return bad();
    const sign = this.#peek();
    if (sign !== code('+') && sign !== code('-')) return this.#token('number');
    return this.#scanNumber() && this.#input[this.#position - 1] === 'i' ? this.#token('complex') : bad();
  }

  #scanNumber(): boolean {
    this.#accept('+-');
    let digits = '0123456789_';
    if (this.#accept('0')) {
      if (this.#accept('xX')) digits = '0123456789abcdefABCDEF_';
      else if (this.#accept('oO')) digits = '01234567_';
      else if (this.#accept('bB')) digits = '01_';
    }
    this.#acceptRun(digits);
    if (this.#accept('.')) this.#acceptRun(digits);
    if ((digits.length === 11 && this.#accept('eE')) || (digits.length === 23 && this.#accept('pP'))) {
      this.#accept('+-');
      this.#acceptRun('0123456789_');
    }
    this.#accept('i');
    if (!isAlphaNumeric(this.#peek())) return true;
    this.#read();
    return false;
  }
}

/** Go's %#U: `U+0023 '#'`. */
function describeRune(rune: number): string {
  if (rune === eof) return 'U+FFFFFFFFFFFFFFFF';
  const hex = `U+${rune.toString(16).toUpperCase().padStart(4, '0')}`;
  return isPrint(rune) ? `${hex} '${encodeRune(rune)}'` : hex;
}
