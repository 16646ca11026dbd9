/** A tree to instructions for the machine. Counted repetitions are written out, and counted by the budget. */
import type { Budget } from '../../../limits.ts';
import type { CharacterClass } from './classes.ts';
import type { Assertion, Node } from './nodes.ts';

export type Instruction =
  | { readonly op: 'match' }
  | { readonly op: 'rune'; readonly rune: number; readonly next: number }
  | { readonly op: 'class'; readonly matches: CharacterClass; readonly next: number }
  | { readonly op: 'assert'; readonly assertion: Assertion; readonly next: number }
  | { readonly op: 'capture'; readonly slot: number; readonly next: number }
  | { readonly op: 'fork'; first: number; second: number };

export type Program = { readonly instructions: readonly Instruction[]; readonly start: number };

/** What an instruction is taken to weigh, with its place in the lists of the machine. */
const instructionBytes = 96;

export function compileProgram(root: Node, budget: Budget): Program {
  const instructions: Instruction[] = [];
  const emit = (instruction: Instruction): number => {
    budget.make(instructionBytes);
    instructions.push(instruction);
    return instructions.length - 1;
  };
  const fork = (preferred: number, other: number, lazy: boolean): number =>
    emit(lazy ? { op: 'fork', first: other, second: preferred } : { op: 'fork', first: preferred, second: other });

  /** As often as wanted but at least once, then `next`. Where each round is decided, and where the first begins. */
  const loop = (node: Node, next: number, lazy: boolean): { readonly decision: number; readonly entry: number } => {
    const decision = emit({ op: 'fork', first: next, second: next });
    const entry = compile(node, decision);
    const instruction = instructions[decision];
    if (instruction?.op === 'fork') {
      if (lazy) instruction.second = entry;
      else instruction.first = entry;
    }
    return { decision, entry };
  };

  const atLeast = (node: Node, min: number, next: number, lazy: boolean): number => {
    const { decision, entry } = loop(node, next, lazy);
    if (min === 0) return node.nullable ? fork(entry, next, lazy) : decision;
    return copies(node, min - 1, entry);
  };

  const copies = (node: Node, count: number, next: number): number => {
    let start = next;
    for (let index = 0; index < count; index++) start = compile(node, start);
    return start;
  };

  const repeat = ({ inner, min, max, lazy }: Node & { type: 'repeat' }, next: number): number => {
    if (max === 0 || inner.type === 'empty') return next;
    if (max < 0) return atLeast(inner, min, next, lazy);
    let start = next;
    for (let index = min; index < max; index++) start = fork(compile(inner, start), next, lazy);
    return copies(inner, min, start);
  };

  /** Where it begins that goes on at `next`. */
  const compile = (node: Node, next: number): number => {
    budget.step();
    switch (node.type) {
      case 'empty':
        return next;
      case 'rune':
        return emit({ op: 'rune', rune: node.rune, next });
      case 'class':
        return emit({ op: 'class', matches: node.matches, next });
      case 'assertion':
        return emit({ op: 'assert', assertion: node.assertion, next });
      case 'capture': {
        const end = emit({ op: 'capture', slot: 2 * node.index + 1, next });
        return emit({ op: 'capture', slot: 2 * node.index, next: compile(node.inner, end) });
      }
      case 'repeat':
        return repeat(node, next);
      case 'concat':
        return node.nodes.reduceRight((start, each) => compile(each, start), next);
      case 'alternate': {
        const starts = node.nodes.map((each) => compile(each, next));
        return starts.reduceRight((rest, start) => fork(start, rest, false));
      }
    }
  };

  const end = emit({ op: 'match' });
  return { instructions, start: compile(root, end) };
}
