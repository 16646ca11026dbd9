/**
 * Runs a program over a text as Pike's machine does: all ways at once, in the order of preference, so that the time is at
 * most the product of both lengths. Of the matches that begin first it finds the one that a backtracking matcher would.
 *
 * Keep: at every position no instruction is in a list twice.
 */
import { decodeRune } from '../../../bytes.ts';
import type { Budget } from '../../../limits.ts';
import type { Assertion } from './nodes.ts';
import type { Program } from './program.ts';

/** Where each group begins and ends, -1 where it took no part. */
export type Match = readonly number[];

/** Ways of the program that wait for the next character, the preferred first. */
class Threads {
  readonly instructions: Int32Array;
  readonly groups: Match[] = [];
  readonly #positions: Int32Array;
  count = 0;
  constructor(size: number) {
    this.instructions = new Int32Array(size);
    this.#positions = new Int32Array(size);
  }
  has(instruction: number): boolean {
    const position = this.#positions[instruction] ?? 0;
    return position < this.count && this.instructions[position] === instruction;
  }
  add(instruction: number, groups: Match): void {
    this.#positions[instruction] = this.count;
    this.instructions[this.count] = instruction;
    this.groups[this.count++] = groups;
  }
}

/** Instructions that are worth a step. */
const instructionsPerStep = 8;

const isWord = (code: number): boolean => /[0-9A-Za-z_]/.test(String.fromCharCode(code));

export class Machine {
  readonly #program: Program;
  readonly #slots: number;
  readonly #budget: Budget;
  readonly #pending: number[] = [];
  readonly #pendingGroups: Match[] = [];
  #now: Threads;
  #next: Threads;
  #work = 0;

  /** @param groups how many are to be known, the whole match included; none when only whether there is one */
  constructor(program: Program, groups: number, budget: Budget) {
    const size = program.instructions.length;
    budget.make(4 * 8 * size);
    this.#program = program;
    this.#slots = 2 * groups;
    this.#budget = budget;
    this.#now = new Threads(size);
    this.#next = new Threads(size);
  }

  /** The first match from `start` on; what is before is looked at by assertions. */
  run(text: string, start: number): Match | undefined {
    const nowhere: Match = new Array<number>(this.#slots).fill(-1);
    let match: Match | undefined;
    this.#now.count = 0;
    for (let at = start; ; ) {
      if (match === undefined) this.#follow(text, at, this.#program.start, this.#started(nowhere, at));
      if (this.#now.count === 0) break;
      const { rune, size } = at < text.length ? decodeRune(text, at) : atEnd;
      this.#next.count = 0;
      match = this.#step(text, at, rune, size) ?? match;
      this.#spend();
      if (at >= text.length || (match !== undefined && this.#slots === 0)) break;
      at += size;
      [this.#now, this.#next] = [this.#next, this.#now];
    }
    return match;
  }

  #started(nowhere: Match, at: number): Match {
    return this.#slots === 0 ? nowhere : this.#with(nowhere, 0, at);
  }

  #with(groups: Match, slot: number, at: number): Match {
    this.#budget.make(8 * groups.length);
    return groups.with(slot, at);
  }

  /** All threads take the character; the first that is at its end leaves those behind it without a chance. */
  #step(text: string, at: number, rune: number, size: number): Match | undefined {
    const threads = this.#now;
    for (let index = 0; index < threads.count; index++) {
      const instruction = this.#program.instructions[threads.instructions[index] ?? 0];
      const groups = threads.groups[index] ?? [];
      this.#work++;
      if (instruction?.op === 'match') return this.#slots === 0 ? groups : this.#with(groups, 1, at);
      if (size === 0) continue;
      if (
        (instruction?.op === 'rune' && instruction.rune === rune) ||
        (instruction?.op === 'class' && instruction.matches(rune))
      ) {
        [this.#now, this.#next] = [this.#next, this.#now];
        this.#follow(text, at + size, instruction.next, groups);
        [this.#now, this.#next] = [this.#next, this.#now];
      }
    }
    return undefined;
  }

  /** To the instructions that wait for a character, into the list of now. */
  #follow(text: string, at: number, start: number, startGroups: Match): void {
    const [pending, pendingGroups, threads] = [this.#pending, this.#pendingGroups, this.#now];
    pending.push(start);
    pendingGroups.push(startGroups);
    for (;;) {
      const index = pending.pop();
      const groups = pendingGroups.pop();
      if (index === undefined || groups === undefined) return;
      this.#work++;
      if (threads.has(index)) continue;
      const instruction = this.#program.instructions[index];
      threads.add(index, groups);
      if (instruction?.op === 'fork') {
        pending.push(instruction.second, instruction.first);
        pendingGroups.push(groups, groups);
      } else if (instruction?.op === 'capture') {
        pending.push(instruction.next);
        pendingGroups.push(instruction.slot < this.#slots ? this.#with(groups, instruction.slot, at) : groups);
      } else if (instruction?.op === 'assert' && holds(instruction.assertion, text, at)) {
        pending.push(instruction.next);
        pendingGroups.push(groups);
      }
    }
  }

  #spend(): void {
    if (this.#work < instructionsPerStep) return;
    this.#budget.step(Math.floor(this.#work / instructionsPerStep));
    this.#work %= instructionsPerStep;
  }
}

const atEnd = { rune: -1, size: 0 };

function holds(assertion: Assertion, text: string, at: number): boolean {
  switch (assertion) {
    case 'textBegin':
      return at === 0;
    case 'textEnd':
      return at === text.length;
    case 'lineBegin':
      return at === 0 || text[at - 1] === '\n';
    case 'lineEnd':
      return at === text.length || text[at] === '\n';
    default: {
      const before = at > 0 && isWord(text.charCodeAt(at - 1));
      const after = at < text.length && isWord(text.charCodeAt(at));
      return (before !== after) === (assertion === 'wordBoundary');
    }
  }
}
