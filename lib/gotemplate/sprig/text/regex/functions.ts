/** sprig: regular expressions. Those with `must` say what is wrong with an expression; the others say it as a panic. */
import { FunctionError } from '../../../errors.ts';
import type { TemplateFunction } from '../../../execution/functions.ts';
import type { Budget } from '../../../limits.ts';
import { canBackquote, quote } from '../../../text/quoting.ts';
import { stringList, type Value } from '../../../values.ts';
import { fixed, intArgument, type Named, textArgument } from '../../data/declare.ts';
import { made, walk } from '../made.ts';
import { RegularExpression } from './expression.ts';

type Use = (expression: RegularExpression, args: readonly Value[], budget: Budget) => Value;

const panic = (source: string, { message }: FunctionError): FunctionError =>
  new FunctionError(`regexp: Compile(${canBackquote(source) ? `\`${source}\`` : quote(source)}): ${message}`);

/** Under its name, and as `must…`, where the words for a wrong expression are others. */
function withExpression(
  name: string,
  others: readonly ('string' | 'int')[],
  use: Use,
  wrong: (source: string, error: FunctionError) => Value = (source, error) => {
    throw panic(source, error);
  },
): Named {
  const define = (otherwise: typeof wrong): TemplateFunction =>
    fixed(['string', 'string', ...others], ([source, ...args], budget) => {
      const text = textArgument(source);
      let expression: RegularExpression;
      try {
        expression = new RegularExpression(text, budget);
      } catch (error) {
        if (error instanceof FunctionError) return otherwise(text, error);
        throw error;
      }
      return use(expression, args, budget);
    });
  return {
    [name]: define(wrong),
    [`mustR${name.slice(1)}`]: define((_, error) => {
      throw error;
    }),
  };
}

export const regexFunctions: Named = {
  ...withExpression(
    'regexMatch',
    [],
    (expression, [text]) => expression.matches(textArgument(text)),
    () => false,
  ),
  ...withExpression('regexFind', [], (expression, [text], budget) => made(expression.find(textArgument(text)), budget)),
  ...withExpression('regexFindAll', ['int'], (expression, [text, most]) => {
    const found = expression.findAll(textArgument(text), intArgument(most));
    return stringList(found, found.length === 0);
  }),
  ...withExpression('regexReplaceAll', ['string'], (expression, [text, replacement]) =>
    expression.replace(textArgument(text), textArgument(replacement)),
  ),
  ...withExpression('regexReplaceAllLiteral', ['string'], (expression, [text, replacement]) =>
    expression.replaceLiterally(textArgument(text), textArgument(replacement)),
  ),
  ...withExpression('regexSplit', ['int'], (expression, [text, most]) => {
    const parts = expression.split(textArgument(text), intArgument(most));
    return stringList(parts ?? [], parts === undefined);
  }),
  regexQuoteMeta: fixed(['string'], ([text], budget) => {
    walk(textArgument(text), budget);
    return made(textArgument(text).replace(/[\\.+*?()|[\]{}^$]/g, '\\$&'), budget);
  }),
};
