/** The functions that every template of Go has. */
import { FunctionError } from '../errors.ts';
import type { Budget } from '../limits.ts';
import { sprint, sprintln } from '../text/print.ts';
import { sprintf } from '../text/printf.ts';
import { isTrue, type Operand, unbox, type Value } from '../values.ts';
import { equalsAny, isLess } from './comparison.ts';
import { escapeHtml, escapeJs, escapeQuery } from './escaping.ts';
import type { FunctionTable, ParameterType, TemplateFunction } from './functions.ts';
import { indexInto, lengthOf } from './indexing.ts';

const variadic = (parameters: ParameterType[], call: TemplateFunction['call']): TemplateFunction => ({
  parameters,
  variadic: true,
  call,
});

const values = (args: readonly Operand[]): (Value | undefined)[] => args.map(unbox);

const compare = (
  decide: (first: Value | undefined, second: Value | undefined, budget: Budget) => boolean,
): TemplateFunction => ({
  parameters: ['operand', 'operand'],
  call: ([first, second], budget) => decide(unbox(first), unbox(second), budget),
});

const textOf = (args: readonly Operand[], budget: Budget): string => {
  const [only] = args;
  const value = unbox(only);
  return args.length === 1 && typeof value === 'string' ? value : sprint(values(args), budget);
};

const escaping = (encode: (bytes: string) => string): TemplateFunction =>
  variadic(['any'], (args, budget) => {
    const escaped = encode(textOf(args, budget));
    budget.make(escaped.length);
    return escaped;
  });

export const builtins: FunctionTable = new Map<string, TemplateFunction>([
  // The evaluator stops at the first argument that decides; here is what is left of them.
  ['and', variadic(['operand', 'operand'], (args) => unbox(args.find((arg) => !isTrue(unbox(arg))) ?? args.at(-1)))],
  ['or', variadic(['operand', 'operand'], (args) => unbox(args.find((arg) => isTrue(unbox(arg))) ?? args.at(-1)))],
  [
    'call',
    variadic(['operand', 'operand'], () => {
      throw new FunctionError('non-function');
    }),
  ],
  ['html', escaping(escapeHtml)],
  ['js', escaping(escapeJs)],
  ['urlquery', escaping(escapeQuery)],
  ['index', variadic(['operand', 'operand'], ([item, ...indexes]) => unbox(indexInto(item, indexes)))],
  ['len', { parameters: ['operand'], call: ([item]) => lengthOf(item) }],
  ['not', { parameters: ['operand'], call: ([value]) => !isTrue(unbox(value)) }],
  ['print', variadic(['any'], (args, budget) => sprint(values(args), budget))],
  ['printf', variadic(['string', 'any'], ([format, ...args], budget) => sprintf(String(format), values(args), budget))],
  ['println', variadic(['any'], (args, budget) => sprintln(values(args), budget))],
  [
    'eq',
    variadic(['operand', 'operand'], ([first, ...others], budget) => equalsAny(unbox(first), values(others), budget)),
  ],
  ['ne', compare((first, second, budget) => !equalsAny(first, [second], budget))],
  ['lt', compare(isLess)],
  ['le', compare((first, second, budget) => isLess(first, second) || equalsAny(first, [second], budget))],
  ['gt', compare((first, second, budget) => !(isLess(first, second) || equalsAny(first, [second], budget)))],
  ['ge', compare((first, second) => !isLess(first, second))],
]);
