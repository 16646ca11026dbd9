/**
 * How the functions of sprig are written down: the parameters by which the evaluator checks the arguments, and a call
 * over plain values. The readers give a checked argument its type; none of them can fail after that check.
 */
import { FunctionError } from '../../errors.ts';
import type { ParameterType, TemplateFunction } from '../../execution/functions.ts';
import type { Budget } from '../../limits.ts';
import { GoMap, integerOf, kindName, List, unbox, type Value } from '../../values.ts';

export type Call = (args: readonly Value[], budget: Budget) => Value;

/** Functions by their names. */
export type Named = Readonly<Record<string, TemplateFunction>>;

export const fixed = (parameters: readonly ParameterType[], call: Call): TemplateFunction => ({
  parameters,
  call: (args, budget) => call(args.map(plain), budget),
});

/** The last parameter may come any number of times. */
export const variadic = (parameters: readonly ParameterType[], call: Call): TemplateFunction => ({
  ...fixed(parameters, call),
  variadic: true,
});

const plain = (operand: Parameters<typeof unbox>[0]): Value => unbox(operand) ?? null;

export const textArgument = (value: Value | undefined): string => (typeof value === 'string' ? value : '');

export const intArgument = (value: Value | undefined): bigint => integerOf(value) ?? 0n;

export const mapArgument = (value: Value | undefined): GoMap =>
  value instanceof GoMap ? value : new GoMap(undefined, undefined, { isNil: true });

/** What Go says when a method is called on nothing. */
export const nilDereference = (): FunctionError =>
  new FunctionError('runtime error: invalid memory address or nil pointer dereference');

/** A value of any slice type; `verb` is what the message says cannot be done with another. */
export function listArgument(value: Value | undefined, problem: (kind: string) => string): List {
  if (value instanceof List) return value;
  if (value === null || value === undefined) throw nilDereference();
  throw new FunctionError(problem(kindName(value)));
}

/** What one item of a list is taken to weigh. */
const itemBytes = 16;

/** Called before a list of so many items is made. */
export const makeItems = (count: number, budget: Budget): void => budget.make(count * itemBytes);

/** What one entry of a map is taken to weigh. */
const entryBytes = 64;

/** Called before so many entries are put into a map. */
export const makeEntries = (count: number, budget: Budget): void => budget.make(count * entryBytes);
