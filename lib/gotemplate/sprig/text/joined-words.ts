/**
 * sprig: words that are joined to one name, as in `snake_case`, `kebab-case` and `CamelCase` (huandu/xstrings 1.5.0, whose
 * rules for digits and abbreviations these are).
 */
import {
  decodeRune,
  encodeRune,
  isLetter,
  isSpaceRune,
  isUpper,
  mapRunes,
  replacementRune,
  toLowerRune,
  toUpperRune,
} from '../../bytes.ts';
import type { TemplateFunction } from '../../execution/functions.ts';
import { fixed, type Named, textArgument } from '../data/declare.ts';
import { made, walk } from './made.ts';

const isConnector = (rune: number): boolean => rune === 0x2d || rune === 0x5f || isSpaceRune(rune);

const punctuation = /^\p{P}$/u;
const number = /^\p{N}$/u;
const isPunctuation = (rune: number): boolean => punctuation.test(String.fromCodePoint(rune));
const isNumber = (rune: number): boolean => number.test(String.fromCodePoint(rune));

/** Chinese characters, of which each is a word to some but not to xstrings. */
const ideographs: readonly (readonly [first: number, last: number])[] = [
  [0x3400, 0x4d85],
  [0x4e00, 0x9fcc],
  [0x20000, 0x2b81d],
];
const isAlphabet = (rune: number): boolean =>
  isLetter(rune) && !ideographs.some(([first, last]) => rune >= first && rune <= last);

type Kind = 'invalid' | 'number' | 'upper' | 'letters' | 'connector' | 'punctuation' | 'other';

type Word = { readonly kind: Kind; readonly text: string };

/** The words of a name, one at a time; after the last come invalid ones of nothing. */
class Words {
  readonly #text: string;
  #at = 0;
  constructor(text: string) {
    this.#text = text;
  }
  get isAtEnd(): boolean {
    return this.#at >= this.#text.length;
  }

  next(): Word {
    if (this.isAtEnd) return { kind: 'invalid', text: '' };
    const start = this.#at;
    const kind = this.#advance();
    return { kind, text: this.#text.slice(start, this.#at) };
  }

  /** The next character that is one, and how many bytes it is to behind it; at the end the one before. */
  #peek(previous: number, from = this.#at): { readonly rune: number; readonly size: number } {
    let at = from;
    while (at < this.#text.length) {
      const { rune, size } = decodeRune(this.#text, at);
      at += size;
      if (rune !== replacementRune) return { rune, size: at - from };
    }
    return { rune: previous, size: at - from };
  }

  /** As long as characters belong to the word. Says which the first is that does not. */
  #take(first: number, belongs: (rune: number, size: number) => boolean): number {
    let rune = first;
    while (!this.isAtEnd) {
      const next = this.#peek(rune);
      rune = next.rune;
      if (!belongs(rune, next.size)) break;
      this.#at += next.size;
    }
    return rune;
  }

  #advance(): Kind {
    const { rune, size } = this.#peek(replacementRune);
    this.#at += size;
    if (rune === replacementRune) return 'invalid';
    if (isConnector(rune)) {
      this.#take(rune, isConnector);
      return 'connector';
    }
    if (isPunctuation(rune)) {
      this.#take(rune, isPunctuation);
      return 'punctuation';
    }
    if (isUpper(rune)) {
      this.#takeCapitalized(rune);
      return 'upper';
    }
    if (isAlphabet(rune)) {
      this.#take(rune, isSmall);
      return 'letters';
    }
    if (isNumber(rune)) {
      this.#take(rune, isNumber);
      return 'number';
    }
    this.#take(rune, (each) => !(isConnector(each) || isAlphabet(each) || isNumber(each) || isPunctuation(each)));
    return 'other';
  }

  /** `Status`, or `HTTP` of `HTTPStatus`. */
  #takeCapitalized(first: number): void {
    if (this.isAtEnd) return;
    const second = this.#peek(first);
    if (!isUpper(second.rune)) {
      if (isAlphabet(second.rune)) this.#take(first, isSmall);
      return;
    }
    let last = second.size;
    const after = this.#take(first, (rune, size) => {
      if (isUpper(rune)) last = size;
      return isUpper(rune);
    });
    if (!this.isAtEnd && isAlphabet(after)) this.#at -= last;
  }
}

const isSmall = (rune: number): boolean => isAlphabet(rune) && !isUpper(rune);

function lowered({ kind, text }: Word, connector: string): string {
  if (kind !== 'upper' && kind !== 'connector') return text;
  return mapRunes(text, (rune) => (isConnector(rune) ? connector : isUpper(rune) ? toLowerRune(rune) : rune));
}

const parts = (kind: Kind): boolean => kind !== 'connector' && kind !== 'punctuation';

/** Small letters, with a connector between words and before numbers that begin one. */
function withConnectors(name: string, connector: string): string {
  const words = new Words(name);
  let text = '';
  let word = words.next();
  const put = (): void => {
    text += lowered(word, connector);
  };
  const takeLettersAndNumbers = (): void => {
    for (word = words.next(); word.kind === 'letters' || word.kind === 'number'; word = words.next()) put();
    if (word.kind !== 'invalid' && parts(word.kind)) text += connector;
  };
  while (!words.isAtEnd) {
    const previous = word;
    if (previous.kind !== 'connector') put();
    if (previous.kind === 'number') {
      takeLettersAndNumbers();
      continue;
    }
    word = words.next();
    if (previous.kind === 'connector') {
      text += lowered(previous, connector);
    } else if (previous.kind !== 'punctuation') {
      if (word.kind !== 'number') {
        if (parts(word.kind)) text += connector;
      } else if (!words.isAtEnd) {
        const digits = word;
        const next = words.next();
        word = next;
        if (next.kind !== 'letters') {
          text += digits.text;
          if (parts(next.kind)) text += connector;
        } else {
          text += connector + digits.text;
          put();
          takeLettersAndNumbers();
        }
      }
    }
  }
  put();
  return text;
}

/** Capitals at the beginnings of words and nowhere else; connectors before the first one stay. */
function camelCase(name: string): string {
  let text = '';
  let at = 0;
  const next = (): number => {
    const { rune, size } = decodeRune(name, at);
    at += size;
    return rune;
  };
  let rune = 0;
  let wasUpper = false;
  let isFound = false;
  while (at < name.length && !isFound) {
    rune = next();
    isFound = !isConnector(rune);
    if (!isFound) text += encodeRune(rune);
  }
  wasUpper = isFound && isUpper(rune);
  if (isFound) rune = toUpperRune(rune);
  if (at >= name.length) return name === '' ? '' : text + encodeRune(rune);
  while (at < name.length) {
    const previous = rune;
    rune = next();
    if (isConnector(rune) && isConnector(previous)) {
      text += encodeRune(previous);
      continue;
    }
    if (isConnector(previous)) {
      wasUpper = isUpper(rune);
      rune = toUpperRune(rune);
      continue;
    }
    if (wasUpper) {
      wasUpper = isUpper(rune);
      if (wasUpper) rune = toLowerRune(rune);
    }
    text += encodeRune(previous);
  }
  return text + encodeRune(rune);
}

const onName = (change: (name: string) => string): TemplateFunction =>
  fixed(['string'], ([given], budget) => {
    const name = textArgument(given);
    walk(name, budget);
    return made(change(name), budget);
  });

export const joinedWordFunctions: Named = {
  snakecase: onName((name) => withConnectors(name, '_')),
  kebabcase: onName((name) => withConnectors(name, '-')),
  camelcase: onName(camelCase),
};
