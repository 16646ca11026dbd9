/**
 * Classes of characters. What a class holds is asked of a RegExp of one class, which knows Unicode's properties and how
 * letters fold, and cannot take long; answers for ASCII are kept.
 */
import type { Budget } from '../../../limits.ts';

/** One part of a class between brackets: source for a RegExp with the flag `u`. */
export type ClassPart = { readonly source: string; readonly negated: boolean };

/** Steps that making a RegExp is worth. */
const regExpSteps = 200;
const keptAnswers = 128;

export type CharacterClass = (rune: number) => boolean;

const escaped = (rune: number): string => `\\u{${rune.toString(16)}}`;

export const rangePart = (from: number, to: number): ClassPart => ({
  source: `${escaped(from)}-${escaped(to)}`,
  negated: false,
});

/** The characters that are in any of the parts, or in none of them. */
export function characterClass(
  parts: readonly ClassPart[],
  negated: boolean,
  foldsCase: boolean,
  budget: Budget,
): CharacterClass {
  const flags = foldsCase ? 'iu' : 'u';
  const together = parts.filter((part) => !part.negated).map((part) => part.source);
  const apart = [...new Set(parts.filter((part) => part.negated).map((part) => part.source))];
  const patterns = [...(together.length > 0 ? [together.join('')] : []), ...apart];
  budget.make(keptAnswers + 2 * patterns.reduce((sum, pattern) => sum + pattern.length, 0));
  budget.step(regExpSteps * patterns.length);
  const tests = patterns.map((pattern, index) => ({
    test: new RegExp(`^[${pattern}]$`, flags),
    wanted: index === 0 && together.length > 0,
  }));
  const holds = (rune: number): boolean => {
    const character = String.fromCodePoint(rune);
    return tests.some(({ test, wanted }) => test.test(character) === wanted) !== negated;
  };
  const answers = new Int8Array(keptAnswers).fill(-1);
  return (rune) => {
    if (rune >= keptAnswers) return holds(rune);
    const known = answers[rune] ?? -1;
    if (known >= 0) return known === 1;
    const answer = holds(rune);
    answers[rune] = answer ? 1 : 0;
    return answer;
  };
}

const word = '0-9A-Z_a-z';

/** `\d` and its fellows, of ASCII only. */
export const perlClasses: Readonly<Record<string, ClassPart>> = {
  d: { source: '0-9', negated: false },
  D: { source: '0-9', negated: true },
  s: { source: '\\t\\n\\f\\r ', negated: false },
  S: { source: '\\t\\n\\f\\r ', negated: true },
  w: { source: word, negated: false },
  W: { source: word, negated: true },
};

const namedSources: Readonly<Record<string, string>> = {
  alnum: '0-9A-Za-z',
  alpha: 'A-Za-z',
  ascii: '\\0-\\x7f',
  blank: '\\t ',
  cntrl: '\\0-\\x1f\\x7f',
  digit: '0-9',
  graph: '!-~',
  lower: 'a-z',
  print: ' -~',
  punct: '!-\\/:-@\\[-`\\{-~',
  space: '\\t-\\r ',
  upper: 'A-Z',
  word,
  xdigit: '0-9A-Fa-f',
};

/** `[:alpha:]`, `[:^alpha:]` */
export function namedClass(name: string): ClassPart | undefined {
  const negated = name.startsWith('^');
  const source = namedSources[negated ? name.slice(1) : name];
  return source === undefined ? undefined : { source, negated };
}
