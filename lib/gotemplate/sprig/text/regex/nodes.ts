/**
 * Regular expressions as trees. Every node knows what the parser and the compiler ask of it, so that neither walks a tree
 * again and again: whether it can match nothing, how high it is, and how often its counted repetitions repeat a part.
 */
import { FunctionError } from '../../../errors.ts';
import type { Budget } from '../../../limits.ts';
import type { CharacterClass } from './classes.ts';

export type Assertion = 'textBegin' | 'textEnd' | 'lineBegin' | 'lineEnd' | 'wordBoundary' | 'noWordBoundary';

type Measures = { readonly nullable: boolean; readonly height: number; readonly copies: number };

export type Node = Measures &
  (
    | { readonly type: 'empty' }
    | { readonly type: 'rune'; readonly rune: number }
    | { readonly type: 'class'; readonly matches: CharacterClass }
    | { readonly type: 'assertion'; readonly assertion: Assertion }
    | { readonly type: 'capture'; readonly index: number; readonly inner: Node }
    | {
        readonly type: 'repeat';
        readonly inner: Node;
        readonly min: number;
        /** -1: any number */
        readonly max: number;
        readonly lazy: boolean;
      }
    | { readonly type: 'concat'; readonly nodes: readonly Node[] }
    | { readonly type: 'alternate'; readonly nodes: readonly Node[] }
  );

/** @throws {FunctionError} in Go's words */
export function refuse(problem: string, where: string): never {
  throw new FunctionError(`error parsing regexp: ${problem}: \`${where}\``);
}

/** Go's limits. */
const maxHeight = 1000;
export const maxCopies = 1000;

const leaf: Measures = { nullable: false, height: 1, copies: 1 };
const passive: Measures = { nullable: true, height: 1, copies: 1 };

export const emptyNode: Node = { type: 'empty', ...passive };
export const runeNode = (rune: number): Node => ({ type: 'rune', rune, ...leaf });
export const classNode = (matches: CharacterClass): Node => ({ type: 'class', matches, ...leaf });
export const assertionNode = (assertion: Assertion): Node => ({ type: 'assertion', assertion, ...passive });

export const captureNode = (index: number, inner: Node): Node => ({
  type: 'capture',
  index,
  inner,
  nullable: inner.nullable,
  height: inner.height + 1,
  copies: inner.copies,
});

/** `counted` ones are written with braces and limited in how much they make of what they repeat. */
export function repeatNode(inner: Node, min: number, max: number, lazy: boolean, counted: boolean): Node {
  const times = max < 0 ? min : max;
  const copies = !counted ? inner.copies : max === 0 ? 1 : Math.max(1, times) * inner.copies;
  return {
    type: 'repeat',
    inner,
    min,
    max,
    lazy,
    nullable: min === 0 || inner.nullable,
    height: inner.height + 1,
    copies,
  };
}

const measured = (nodes: readonly Node[]): Omit<Measures, 'nullable'> => {
  let [height, copies] = [0, 1];
  for (const node of nodes) {
    height = Math.max(height, node.height);
    copies = Math.max(copies, node.copies);
  }
  return { height: height + 1, copies };
};

/** Parts of the same kind are taken apart: groups that do not capture leave no trace. */
function flattened(type: 'concat' | 'alternate', nodes: readonly Node[], budget: Budget): readonly Node[] {
  const flat: Node[] = [];
  for (const node of nodes) {
    if (node.type !== type) {
      flat.push(node);
      continue;
    }
    budget.make(8 * node.nodes.length);
    for (const inner of node.nodes) flat.push(inner);
  }
  return flat;
}

export function concatNode(given: readonly Node[], budget: Budget): Node {
  const [first = emptyNode, ...others] = given;
  if (others.length === 0) return first;
  const nodes = flattened('concat', given, budget);
  return { type: 'concat', nodes, nullable: nodes.every((node) => node.nullable), ...measured(nodes) };
}

export function alternateNode(given: readonly Node[], budget: Budget): Node {
  const [first = emptyNode, ...others] = given;
  if (others.length === 0) return first;
  const nodes = flattened('alternate', given, budget);
  return { type: 'alternate', nodes, nullable: nodes.some((node) => node.nullable), ...measured(nodes) };
}

/** @throws {FunctionError} when it is nested deeper than Go allows */
export function checkHeight(node: Node, expression: string): Node {
  if (node.height > maxHeight) refuse('expression nests too deeply', expression);
  return node;
}
