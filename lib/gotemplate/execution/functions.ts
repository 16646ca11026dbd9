/**
 * What a function of a template is: its parameters, by which arguments are checked before it is called, and the call. A
 * call that fails throws a FunctionError; the evaluator says where.
 */
import type { Budget } from '../limits.ts';
import type { Operand, Value } from '../values.ts';

/**
 * Types of parameters. `any` takes every value and hides what variable it came from; `operand` takes reflect.Value, which
 * still knows.
 */
export type ParameterType =
  | 'any'
  | 'operand'
  | 'string'
  | 'int'
  | 'int64'
  | 'float64'
  | 'bool'
  | 'time.Time'
  | 'time.Duration'
  | '[]string'
  | '[]interface {}'
  | 'map[string]interface {}'
  | '*semver.Version';

export type TemplateFunction = {
  readonly parameters: readonly ParameterType[];
  /** The last parameter may come any number of times. */
  readonly variadic?: true;
  readonly call: (args: readonly Operand[], budget: Budget) => Value | undefined;
};

export type FunctionTable = ReadonlyMap<string, TemplateFunction>;
