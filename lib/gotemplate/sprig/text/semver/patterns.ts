/** The regular expressions by which Masterminds/semver reads versions and constraints, run by our own linear machine. */
import { Budget, defaultLimits } from '../../../limits.ts';
import { RegularExpression } from '../regex/expression.ts';

const identifier = '(?:0|[1-9]\\d*|\\d*[a-zA-Z-][0-9a-zA-Z-]*)';
const version =
  '^v?(0|[1-9]\\d*)(?:\\.(0|[1-9]\\d*))?(?:\\.(0|[1-9]\\d*))?' +
  `(?:-(${identifier}(?:\\.${identifier})*))?(?:\\+([0-9a-zA-Z-]+(?:\\.[0-9a-zA-Z-]+)*))?$`;

const wild =
  'v?([0-9|x|X|\\*]+)(\\.[0-9|x|X|\\*]+)?(\\.[0-9|x|X|\\*]+)?' +
  '(-([0-9A-Za-z\\-]+(\\.[0-9A-Za-z\\-]+)*))?(\\+([0-9A-Za-z\\-]+(\\.[0-9A-Za-z\\-]+)*))?';
const operator = '=||!=|>|<|>=|=>|<=|=<|~|~>|\\^';

const sources = {
  version,
  constraint: `^\\s*(${operator})\\s*(${wild})\\s*$`,
  range: `\\s*(${wild})\\s+-\\s+(${wild})\\s*`,
  constraints: `(${operator})\\s*(${wild})`,
  valid: `^(\\s*(${operator})\\s*(${wild})\\s*)((?:\\s+|,\\s*)(${operator})\\s*(${wild})\\s*)*$`,
};

const compiled = new Map<keyof typeof sources, RegularExpression>();

/** Compiled at its first use, which no template pays for; running it is what the budget counts. */
export function pattern(name: keyof typeof sources, budget: Budget): RegularExpression {
  let expression = compiled.get(name);
  if (!expression) {
    expression = new RegularExpression(sources[name], new Budget(defaultLimits, () => 0));
    compiled.set(name, expression);
  }
  return expression.within(budget);
}
