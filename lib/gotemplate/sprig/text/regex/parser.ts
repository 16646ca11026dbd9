/**
 * Go's syntax of regular expressions (RE2, with Perl's extensions as regexp.Compile has them) to a tree, with Go's
 * complaints. Positions are those of bytes.
 */
import { decodeRune, replacementRune } from '../../../bytes.ts';
import type { Budget } from '../../../limits.ts';
import { type ClassPart, characterClass, namedClass, perlClasses, rangePart } from './classes.ts';
import {
  type Assertion,
  alternateNode,
  assertionNode,
  captureNode,
  checkHeight,
  classNode,
  concatNode,
  maxCopies,
  type Node,
  refuse,
  repeatNode,
  runeNode,
} from './nodes.ts';
import { unicodeClass } from './unicode-classes.ts';

export type Expression = {
  readonly root: Node;
  /** By the numbers of the groups; the first is the whole. */
  readonly groupNames: readonly string[];
};

/** Between a parenthesis and its end. */
type Group = {
  /** Of the group, or 0 when it is not captured. */
  readonly index: number;
  /** Those before it. */
  readonly flags: Flags;
  readonly alternatives: Node[];
  /** Of the alternative that is being read. */
  nodes: Node[];
};

type Flags = {
  readonly foldsCase: boolean;
  readonly linewise: boolean;
  readonly dotNewLine: boolean;
  readonly lazy: boolean;
};

const flagNames: Readonly<Record<string, keyof Flags>> = {
  i: 'foldsCase',
  m: 'linewise',
  s: 'dotNewLine',
  U: 'lazy',
};

/** Bytes that a node is taken to weigh. */
const nodeBytes = 64;

const controls: Readonly<Record<string, number>> = { a: 7, f: 12, n: 10, r: 13, t: 9, v: 11 };
const assertions: Readonly<Record<string, Assertion>> = {
  A: 'textBegin',
  b: 'wordBoundary',
  B: 'noWordBoundary',
  z: 'textEnd',
};
const isOctal = (character: string | undefined): boolean => character !== undefined && /^[0-7]$/.test(character);
const isHex = (character: string | undefined): boolean => character !== undefined && /^[0-9a-fA-F]$/.test(character);

/** @throws {FunctionError} in Go's words */
export const parseExpression = (expression: string, budget: Budget): Expression =>
  new Parser(expression, budget).parse();

class Parser {
  readonly #text: string;
  readonly #budget: Budget;
  readonly #groupNames: string[] = [''];
  #at = 0;
  #flags: Flags = { foldsCase: false, linewise: false, dotNewLine: false, lazy: false };
  #open: Group[] = [];
  #group: Group = { index: 0, flags: this.#flags, alternatives: [], nodes: [] };

  constructor(text: string, budget: Budget) {
    this.#text = text;
    this.#budget = budget;
  }

  parse(): Expression {
    /** Where the repetition began that has just been read. */
    let lastRepeat = -1;
    while (this.#at < this.#text.length) {
      const start = this.#at;
      lastRepeat = this.#item(lastRepeat) ? start : -1;
    }
    if (this.#open.length > 0) refuse('missing closing )', this.#text);
    return { root: this.#alternatives(), groupNames: this.#groupNames };
  }

  /** Whether it was a repetition. */
  #item(lastRepeat: number): boolean {
    const character = this.#text[this.#at] ?? '';
    switch (character) {
      case '(':
        this.#openGroup();
        return false;
      case ')':
        this.#closeGroup();
        return false;
      case '|':
        this.#at++;
        this.#endAlternative();
        return false;
      case '^':
        this.#at++;
        this.#push(assertionNode(this.#flags.linewise ? 'lineBegin' : 'textBegin'));
        return false;
      case '$':
        this.#at++;
        this.#push(assertionNode(this.#flags.linewise ? 'lineEnd' : 'textEnd'));
        return false;
      case '.':
        this.#at++;
        this.#push(classNode(this.#flags.dotNewLine ? () => true : (rune) => rune !== 10));
        return false;
      case '[':
        this.#class();
        return false;
      case '*':
      case '+':
      case '?': {
        const start = this.#at++;
        const [min, max] = character === '*' ? [0, -1] : character === '+' ? [1, -1] : [0, 1];
        this.#repeat(start, min, max, false, lastRepeat);
        return true;
      }
      case '{':
        return this.#braces(lastRepeat);
      case '\\':
        this.#backslash();
        return false;
      default:
        this.#literal(this.#rune());
        return false;
    }
  }

  #push(node: Node): void {
    this.#budget.make(nodeBytes);
    this.#group.nodes.push(checkHeight(node, this.#text));
  }

  #literal(rune: number): void {
    if (!this.#flags.foldsCase) this.#push(runeNode(rune));
    else this.#push(classNode(characterClass([rangePart(rune, rune)], false, true, this.#budget)));
  }

  /** The character at the position, which it passes; U+FFFD at the end. */
  #rune(): number {
    if (this.#at >= this.#text.length) return replacementRune;
    const { rune, size } = decodeRune(this.#text, this.#at);
    if (rune === replacementRune && size === 1) refuse('invalid UTF-8', this.#text.slice(this.#at));
    this.#at += size;
    return rune;
  }

  #checkUtf8(from: number, to: number): void {
    this.#budget.step(1 + ((to - from) >> 3));
    for (let index = from; index < to; ) {
      const { rune, size } = decodeRune(this.#text.slice(0, to), index);
      if (rune === replacementRune && size === 1) refuse('invalid UTF-8', this.#text.slice(index, to));
      index += size;
    }
  }

  #endAlternative(): void {
    this.#group.alternatives.push(checkHeight(concatNode(this.#group.nodes, this.#budget), this.#text));
    this.#group.nodes = [];
  }

  #alternatives(): Node {
    this.#endAlternative();
    return checkHeight(alternateNode(this.#group.alternatives, this.#budget), this.#text);
  }

  #openGroup(): void {
    const start = this.#at;
    const outer = this.#flags;
    if (this.#text[start + 1] !== '?') {
      this.#at++;
      this.#beginGroup('', outer);
      return;
    }
    const named = /^\(\?P?</.exec(this.#text.slice(start, start + 4));
    if (named && this.#text.length - start > named[0].length) {
      this.#namedGroup(start, start + named[0].length);
      return;
    }
    this.#at += 2;
    const opens = this.#readFlags(start);
    if (opens) this.#beginGroup(undefined, outer);
  }

  /** Not captured when it has no name. */
  #beginGroup(name: string | undefined, flags: Flags): void {
    this.#budget.make(nodeBytes);
    if (name !== undefined) this.#groupNames.push(name);
    this.#open.push(this.#group);
    this.#group = {
      index: name === undefined ? 0 : this.#groupNames.length - 1,
      flags,
      alternatives: [],
      nodes: [],
    };
  }

  #namedGroup(start: number, nameStart: number): void {
    this.#budget.step(1 + ((this.#text.length - start) >> 6));
    const end = this.#text.indexOf('>', start);
    if (end < 0) {
      this.#checkUtf8(start, this.#text.length);
      refuse('invalid named capture', this.#text.slice(start));
    }
    const name = this.#text.slice(nameStart, end);
    this.#checkUtf8(nameStart, end);
    if (!/^[0-9A-Za-z_]+$/.test(name)) refuse('invalid named capture', this.#text.slice(start, end + 1));
    this.#at = end + 1;
    this.#beginGroup(name, this.#flags);
  }

  /** Whether a group begins after them; otherwise they are for the rest of the one around. */
  #readFlags(start: number): boolean {
    let flags = this.#flags;
    let value = true;
    let isEmpty = true;
    while (this.#at < this.#text.length) {
      const character = String.fromCodePoint(this.#rune());
      const name = flagNames[character];
      if (name !== undefined) {
        flags = { ...flags, [name]: value };
        isEmpty = false;
      } else if (character === '-' && value) {
        value = false;
        isEmpty = true;
      } else if ((character === ':' || character === ')') && (value || !isEmpty)) {
        this.#flags = flags;
        return character === ':';
      } else break;
    }
    return refuse('invalid or unsupported Perl syntax', this.#text.slice(start, this.#at));
  }

  #closeGroup(): void {
    const inner = this.#alternatives();
    const outer = this.#open.pop();
    if (!outer) refuse('unexpected )', this.#text);
    const { index, flags } = this.#group;
    this.#at++;
    this.#flags = flags;
    this.#group = outer;
    this.#push(index === 0 ? inner : captureNode(index, inner));
  }

  #braces(lastRepeat: number): boolean {
    const start = this.#at;
    const match = /^\{(0|[1-9][0-9]*)(?:(,)(0|[1-9][0-9]*)?)?\}/.exec(this.#text.slice(start));
    if (!match) {
      this.#at++;
      this.#literal(0x7b);
      return false;
    }
    const [all, least, comma, most] = match;
    const min = Number(least);
    const max = comma === undefined ? min : most === undefined ? -1 : Number(most);
    this.#at += all.length;
    if (min > maxCopies || max > maxCopies || (max >= 0 && min > max)) refuse('invalid repeat count', all);
    this.#repeat(start, min, max, true, lastRepeat);
    return true;
  }

  #repeat(start: number, min: number, max: number, counted: boolean, lastRepeat: number): void {
    let { lazy } = this.#flags;
    if (this.#text[this.#at] === '?') {
      this.#at++;
      lazy = !lazy;
    }
    if (lastRepeat >= 0) refuse('invalid nested repetition operator', this.#text.slice(lastRepeat, this.#at));
    const inner = this.#group.nodes.pop();
    if (!inner) refuse('missing argument to repetition operator', this.#text.slice(start, this.#at));
    const node = repeatNode(inner, min, max, lazy, counted);
    this.#push(node);
    if (counted && (min >= 2 || max >= 2) && node.copies > maxCopies)
      refuse('invalid repeat count', this.#text.slice(start, this.#at));
  }

  #backslash(): void {
    const letter = this.#text[this.#at + 1] ?? '';
    const assertion = assertions[letter];
    if (assertion) {
      this.#at += 2;
      this.#push(assertionNode(assertion));
    } else if (letter === 'C') {
      refuse('invalid escape sequence', '\\C');
    } else if (letter === 'Q') {
      this.#quoted();
    } else {
      const part = this.#classEscape();
      if (part) this.#push(classNode(characterClass([part], false, this.#flags.foldsCase, this.#budget)));
      else this.#literal(this.#escape());
    }
  }

  /** Until `\E` or the end. */
  #quoted(): void {
    this.#at += 2;
    this.#budget.step(1 + ((this.#text.length - this.#at) >> 6));
    const found = this.#text.indexOf('\\E', this.#at);
    const end = found < 0 ? this.#text.length : found;
    while (this.#at < end) {
      const { rune, size } = decodeRune(this.#text, this.#at);
      if (rune === replacementRune && size === 1) refuse('invalid UTF-8', this.#text.slice(this.#at, end));
      this.#at += size;
      this.#literal(rune);
    }
    this.#at = found < 0 ? end : end + 2;
  }

  /** `\pL`, `\p{Greek}`, `\d` and their opposites; undefined when it is another escape. */
  #classEscape(): ClassPart | undefined {
    if (this.#text[this.#at] !== '\\') return undefined;
    const letter = this.#text[this.#at + 1] ?? '';
    if (letter === 'p' || letter === 'P') return this.#unicodeClass(letter === 'P');
    const part = perlClasses[letter];
    if (part) this.#at += 2;
    return part;
  }

  #unicodeClass(isOpposite: boolean): ClassPart {
    const start = this.#at;
    this.#at += 2;
    let name: string;
    if (this.#rune() !== 0x7b) {
      name = this.#text.slice(start + 2, this.#at);
    } else {
      const end = this.#text.indexOf('}', start);
      if (end < 0) {
        this.#checkUtf8(start, this.#text.length);
        refuse('invalid character class range', this.#text.slice(start));
      }
      name = this.#text.slice(start + 3, end);
      this.#checkUtf8(start + 3, end);
      this.#at = end + 1;
    }
    const negates = name.startsWith('^');
    const source = unicodeClass(negates ? name.slice(1) : name);
    if (source === undefined) return refuse('invalid character class range', this.#text.slice(start, this.#at));
    return { source, negated: isOpposite !== negates };
  }

  /** One character that is written with a backslash. */
  #escape(): number {
    const start = this.#at++;
    if (this.#at >= this.#text.length) refuse('trailing backslash at end of expression', '');
    const rune = this.#rune();
    const letter = String.fromCodePoint(rune);
    const next = this.#text[this.#at];
    if (letter === '0' || (/^[1-7]$/.test(letter) && isOctal(next))) {
      let digits = letter;
      while (digits.length < 3 && isOctal(this.#text[this.#at])) digits += this.#text[this.#at++];
      return Number.parseInt(digits, 8);
    }
    if (letter === 'x' && next !== undefined) {
      const value = this.#hexadecimal();
      if (value !== undefined) return value;
    } else {
      const control = controls[letter];
      if (control !== undefined) return control;
      if (rune < 0x80 && !/[0-9A-Za-z]/.test(letter)) return rune;
    }
    return refuse('invalid escape sequence', this.#text.slice(start, this.#at));
  }

  /** After `\x`: two digits, or any number of them between braces. */
  #hexadecimal(): number | undefined {
    const first = String.fromCodePoint(this.#rune());
    if (first !== '{') {
      const second = String.fromCodePoint(this.#rune());
      return isHex(first) && isHex(second) ? Number.parseInt(first + second, 16) : undefined;
    }
    let value: number | undefined;
    while (this.#at < this.#text.length) {
      const digit = String.fromCodePoint(this.#rune());
      if (digit === '}') return value;
      if (!isHex(digit)) return undefined;
      value = (value ?? 0) * 16 + Number.parseInt(digit, 16);
      if (value > 0x10ffff) return undefined;
    }
    return undefined;
  }

  #class(): void {
    const start = this.#at++;
    const parts: ClassPart[] = [];
    const negated = this.#text[this.#at] === '^';
    if (negated) this.#at++;
    for (let isFirst = true; this.#text[this.#at] !== ']' || isFirst; isFirst = false) {
      this.#budget.make(nodeBytes);
      parts.push(this.#namedClass() ?? this.#classEscape() ?? this.#range(start));
    }
    this.#at++;
    this.#push(classNode(characterClass(parts, negated, this.#flags.foldsCase, this.#budget)));
  }

  /** `[:alpha:]`, if there is one. */
  #namedClass(): ClassPart | undefined {
    if (this.#text.slice(this.#at, this.#at + 2) !== '[:' || this.#text.length - this.#at <= 2) return undefined;
    this.#budget.step(1 + ((this.#text.length - this.#at) >> 6));
    const end = this.#text.indexOf(':]', this.#at + 2);
    if (end < 0) return undefined;
    const part = namedClass(this.#text.slice(this.#at + 2, end));
    if (!part) return refuse('invalid character class range', this.#text.slice(this.#at, end + 2));
    this.#at = end + 2;
    return part;
  }

  #range(classStart: number): ClassPart {
    const start = this.#at;
    const from = this.#classCharacter(classStart);
    let to = from;
    if (this.#text[this.#at] === '-' && this.#at + 1 < this.#text.length && this.#text[this.#at + 1] !== ']') {
      this.#at++;
      to = this.#classCharacter(classStart);
      if (to < from) refuse('invalid character class range', this.#text.slice(start, this.#at));
    }
    return rangePart(from, to);
  }

  #classCharacter(classStart: number): number {
    if (this.#at >= this.#text.length) refuse('missing closing ]', this.#text.slice(classStart));
    return this.#text[this.#at] === '\\' ? this.#escape() : this.#rune();
  }
}
