/** A compiled regular expression and what is done with it: all matches, replacements and splits, as Go's regexp has them. */
import { decodeRune, isDigit, isLetter } from '../../../bytes.ts';
import type { Budget } from '../../../limits.ts';
import { makeItems } from '../../data/declare.ts';
import { Machine, type Match } from './machine.ts';
import { parseExpression } from './parser.ts';
import { compileProgram, type Program } from './program.ts';

/** Part of a replacement: text, or the first of these groups that took part. */
type TemplatePart = string | readonly number[];

export class RegularExpression {
  readonly #source: string;
  readonly #program: Program;
  readonly #groupNames: readonly string[];
  readonly #budget: Budget;

  /** @throws {FunctionError} what is wrong with it */
  constructor(source: string | RegularExpression, budget: Budget) {
    this.#budget = budget;
    if (source instanceof RegularExpression) {
      this.#source = source.#source;
      this.#program = source.#program;
      this.#groupNames = source.#groupNames;
      return;
    }
    const { root, groupNames } = parseExpression(source, budget);
    this.#source = source;
    this.#program = compileProgram(root, budget);
    this.#groupNames = groupNames;
  }

  /** The same expression, whose use is counted by another budget. */
  within(budget: Budget): RegularExpression {
    return new RegularExpression(this, budget);
  }

  #machine(groups: number): Machine {
    return new Machine(this.#program, groups, this.#budget);
  }

  matches(text: string): boolean {
    return this.#machine(0).run(text, 0) !== undefined;
  }

  /** The first match, or nothing. */
  find(text: string): string {
    const [from = 0, to = 0] = this.#machine(1).run(text, 0) ?? [];
    return text.slice(from, to);
  }

  /** What the groups of the first match hold, the whole first; nothing for those that took no part. */
  submatches(text: string): string[] | undefined {
    return this.#submatches(text, 1n)[0];
  }

  allSubmatches(text: string): string[][] {
    return this.#submatches(text, -1n);
  }

  #submatches(text: string, most: bigint): string[][] {
    return this.#all(text, most, this.#groupNames.length).map((match) =>
      this.#groupNames.map((_, index) => this.#part(text, match[2 * index] ?? 0, match[2 * index + 1] ?? 0)),
    );
  }

  /** Where they are; a match of nothing does not follow another match. All when `most` is negative. */
  #all(text: string, most: bigint, groups = 1): Match[] {
    const machine = this.#machine(groups);
    const found: Match[] = [];
    let at = 0;
    let previousEnd = -1;
    while ((most < 0n || BigInt(found.length) < most) && at <= text.length) {
      const match = machine.run(text, at);
      if (!match) break;
      const [from = 0, to = 0] = match;
      const isEmptyHere = to === at;
      if (!isEmptyHere || from !== previousEnd) {
        makeItems(2, this.#budget);
        found.push(match);
      }
      at = isEmptyHere ? after(text, at) : to;
      previousEnd = to;
    }
    return found;
  }

  findAll(text: string, most: bigint): string[] {
    return this.#all(text, most).map(([from = 0, to = 0]) => this.#part(text, from, to));
  }

  #part(text: string, from: number, to: number): string {
    this.#budget.make(to - from);
    return text.slice(from, to);
  }

  /** Undefined when none are wanted. */
  split(text: string, most: bigint): string[] | undefined {
    if (most === 0n) return undefined;
    if (this.#source.length > 0 && text.length === 0) return [''];
    const parts: string[] = [];
    let begin = 0;
    let end = 0;
    for (const [from = 0, to = 0] of this.#all(text, most)) {
      if (most > 0n && BigInt(parts.length) >= most - 1n) break;
      end = from;
      if (to !== 0) parts.push(this.#part(text, begin, end));
      begin = to;
    }
    if (end !== text.length) parts.push(this.#part(text, begin, text.length));
    return parts;
  }

  replaceLiterally(text: string, replacement: string): string {
    return this.#replace(text, 1, [replacement]);
  }

  /** `$1`, `${1}`, `$name` and `${name}` in the replacement stand for groups, `$$` for a dollar. */
  replace(text: string, replacement: string): string {
    const groups = replacement.includes('$') ? this.#groupNames.length : 1;
    return this.#replace(text, groups, this.#templateParts(replacement));
  }

  #replace(text: string, groups: number, parts: readonly TemplatePart[]): string {
    const machine = this.#machine(groups);
    let replaced = '';
    let lastEnd = 0;
    const put = (piece: string): void => {
      this.#budget.make(piece.length);
      replaced += piece;
    };
    for (let at = 0; at <= text.length; ) {
      const match = machine.run(text, at);
      if (!match) break;
      const [from = 0, to = 0] = match;
      put(text.slice(lastEnd, from));
      if (to > lastEnd || from === 0) {
        for (const part of parts) put(typeof part === 'string' ? part : groupOf(text, match, part));
      }
      lastEnd = to;
      at = Math.max(after(text, at), to);
    }
    put(text.slice(lastEnd));
    return replaced;
  }

  #templateParts(template: string): TemplatePart[] {
    const parts: TemplatePart[] = [];
    const put = (part: TemplatePart): void => {
      this.#budget.make(16 + part.length);
      parts.push(part);
    };
    let at = 0;
    for (;;) {
      const dollar = template.indexOf('$', at);
      if (dollar < 0) break;
      put(template.slice(at, dollar));
      at = dollar + 1;
      const reference = template[at] === '$' ? undefined : referenceAt(template, at);
      if (reference) {
        put(this.#groupsOf(reference.name));
        at = reference.end;
      } else {
        put('$');
        if (template[at] === '$') at++;
      }
    }
    put(template.slice(at));
    return parts;
  }

  #groupsOf(name: string): readonly number[] {
    if (/^(0|[1-9][0-9]{0,8})$/.test(name)) return [Number(name)];
    this.#budget.step(this.#groupNames.length);
    return this.#groupNames.flatMap((each, index) => (each === name ? [index] : []));
  }
}

function groupOf(text: string, match: Match, groups: readonly number[]): string {
  const group = groups.find((each) => (match[2 * each] ?? -1) >= 0);
  return group === undefined ? '' : text.slice(match[2 * group], match[2 * group + 1]);
}

/** The position after the character, or beyond the end. */
const after = (text: string, at: number): number => at + (at < text.length ? decodeRune(text, at).size : 1);

/** The name after a dollar, if there is one. */
function referenceAt(template: string, start: number): { readonly name: string; readonly end: number } | undefined {
  const braced = template[start] === '{';
  const nameStart = braced ? start + 1 : start;
  let at = nameStart;
  while (at < template.length) {
    const { rune, size } = decodeRune(template, at);
    if (!isLetter(rune) && !isDigit(rune) && rune !== 0x5f) break;
    at += size;
  }
  if (at === nameStart || (braced && template[at] !== '}')) return undefined;
  return { name: template.slice(nameStart, at), end: braced ? at + 1 : at };
}
