/** A template: parsed once, executed over any number of values. */
import { fromByteString, toByteString } from './bytes.ts';
import { templateLimit } from './errors.ts';
import { builtins } from './execution/builtins.ts';
import { Evaluator, type Program } from './execution/evaluator.ts';
import type { FunctionTable } from './execution/functions.ts';
import { Budget, defaultLimits, type TemplateLimits } from './limits.ts';
import { parseTrees } from './syntax/parser.ts';
import type { Value } from './values.ts';

export type Template = {
  /**
   * What the template makes of the data.
   * @throws {AppError} ERR_TEMPLATE_EXECUTION, ERR_TEMPLATE_LIMIT (invalid)
   */
  execute(data: Value | undefined): string;
};

export type TemplateOptions = {
  /** Beside those that every template has, which they may replace. */
  readonly functions?: FunctionTable;
  readonly limits?: Partial<TemplateLimits>;
  /** Milliseconds of any clock that does not go back. */
  readonly now: () => number;
};

/**
 * @param name as messages call it
 * @throws {AppError} ERR_TEMPLATE_SYNTAX, ERR_TEMPLATE_LIMIT (invalid)
 */
export function parseTemplate(name: string, text: string, { functions, limits, now }: TemplateOptions): Template {
  const bounds = { ...defaultLimits, ...limits };
  const bytes = toByteString(text);
  if (bytes.length > bounds.inputBytes) throw templateLimit(`is longer than ${bounds.inputBytes} bytes`);
  const table: FunctionTable = functions ? new Map([...builtins, ...functions]) : builtins;
  const trees = parseTrees(name, bytes, (wanted) => table.has(wanted), bounds.depth);
  const program: Program = { name, text: bytes, trees, functions: table };
  return {
    execute(data) {
      const output: string[] = [];
      new Evaluator(program, name, data, new Budget(bounds, now), output).run();
      return fromByteString(output.join(''));
    },
  };
}
