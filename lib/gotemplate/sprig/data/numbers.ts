/** sprig: numbers. Integers are int64 and wrap around; what is no number counts as zero. */
import { FunctionError } from '../../errors.ts';
import type { TemplateFunction } from '../../execution/functions.ts';
import type { Budget } from '../../limits.ts';
import { parseInteger } from '../../text/numbers.ts';
import { renderValue } from '../../text/print.ts';
import { int64, List, type Value } from '../../values.ts';
import { toFloat64, toInt64 } from './conversion.ts';
import { add, decimalOf, divide, floatOf, multiply, type Operation, subtract } from './decimal.ts';
import { fixed, intArgument, makeItems, type Named, textArgument, variadic } from './declare.ts';

const wrapped = (value: bigint): bigint => BigInt.asIntN(64, value);

const folded = (fold: (sum: bigint, next: bigint) => bigint): TemplateFunction =>
  variadic(['any', 'any'], ([first, ...others]) =>
    int64(others.map(toInt64).reduce((sum, next) => wrapped(fold(sum, next)), toInt64(first))),
  );

const ofTwo = (compute: (left: bigint, right: bigint) => bigint): TemplateFunction =>
  fixed(['any', 'any'], ([left, right]) => int64(compute(toInt64(left), toInt64(right))));

function divisor(value: bigint): bigint {
  if (value === 0n) throw new FunctionError('runtime error: integer divide by zero');
  return value;
}

const foldedFloats = (fold: (sum: number, next: number) => number): TemplateFunction =>
  variadic(['any', 'any'], ([first, ...others]) => others.map(toFloat64).reduce(fold, toFloat64(first)));

const exact = (first: Value | undefined, others: readonly Value[], operation: Operation, budget: Budget): number =>
  floatOf(
    others.reduce((sum, next) => operation(sum, decimalOf(toFloat64(next)), budget), decimalOf(toFloat64(first))),
  );

const foldedExactly = (operation: Operation): TemplateFunction =>
  variadic(['any', 'any'], ([first, ...others], budget) => exact(first, others, operation, budget));

/** How many numbers there are from `start` to before `stop`. */
function countOf(start: bigint, stop: bigint, step: bigint): bigint {
  const distance = stop < start ? start - stop : stop - start;
  const stride = stop < start ? -step : step;
  return stride <= 0n ? 0n : (distance + stride - 1n) / stride;
}

/** None when the step leads away. */
function steps(start: bigint, stop: bigint, step: bigint, budget: Budget): bigint[] {
  const count = Number(countOf(start, stop, step));
  makeItems(count, budget);
  budget.step(count);
  return Array.from({ length: count }, (_, index) => start + BigInt(index) * step);
}

const ints = (items: Value[]): List => new List(items, 'int');

function sequence(params: readonly bigint[], budget: Budget): string {
  const [start, end, step] = sequenceOf(params);
  const ascends = end >= start;
  if (params.length === 0 || params.length > 3 || (params.length === 3 && !ascends && step > 0n)) return '';
  const text = steps(start, end + (ascends ? 1n : -1n), step, budget).join(' ');
  budget.make(text.length);
  return text;
}

function sequenceOf(params: readonly bigint[]): [start: bigint, end: bigint, step: bigint] {
  const [first = 0n, second = 0n, third = 0n] = params;
  if (params.length === 3) return [first, third, second];
  const [start, end] = params.length === 1 ? [1n, first] : [first, second];
  return [start, end, end < start ? -1n : 1n];
}

/** Up from `roundOn`, of the part after the last place that is kept. */
function round(value: number, places: number, roundOn: number): number {
  const power = places < 0 ? 1 / 10 ** -places : 10 ** places;
  const digits = power * value;
  const rest = digits - Math.trunc(digits);
  return (rest >= roundOn ? Math.ceil(digits) : Math.floor(digits)) / power;
}

function octal(text: string): bigint {
  const { value, problem } = parseInteger(text, 8, 64, true);
  return problem ? 0n : value;
}

/** Bigints have no Math.max. */
function greater(left: bigint, right: bigint): bigint {
  if (left > right) return left;
  return right;
}

const max = folded(greater);

export const numberFunctions = (randomBytes: (size: number) => Uint8Array): Named => ({
  int: fixed(['any'], ([value]) => toInt64(value)),
  int64: fixed(['any'], ([value]) => int64(toInt64(value))),
  float64: fixed(['any'], ([value]) => toFloat64(value)),
  atoi: fixed(['string'], ([text]) => parseInteger(textArgument(text), 10, 64, true).value),
  toDecimal: fixed(['any'], ([value], budget) => int64(octal(renderValue(value ?? null, budget)))),
  add: variadic(['any'], (values) => int64(values.map(toInt64).reduce((sum, next) => sum + next, 0n))),
  add1: fixed(['any'], ([value]) => int64(toInt64(value) + 1n)),
  sub: ofTwo((left, right) => left - right),
  div: ofTwo((left, right) => left / divisor(right)),
  mod: ofTwo((left, right) => left % divisor(right)),
  mul: folded((product, next) => product * next),
  max,
  biggest: max,
  min: folded((sum, next) => -greater(-sum, -next)),
  maxf: foldedFloats((sum, next) => Math.max(sum, next)),
  minf: foldedFloats((sum, next) => Math.min(sum, next)),
  ceil: fixed(['any'], ([value]) => Math.ceil(toFloat64(value))),
  floor: fixed(['any'], ([value]) => Math.floor(toFloat64(value))),
  round: variadic(['any', 'int', 'float64'], ([value, places, roundOn]) =>
    round(toFloat64(value), Number(intArgument(places)), typeof roundOn === 'number' ? roundOn : 0.5),
  ),
  add1f: fixed(['any'], ([value], budget) => exact(value, [1n], add, budget)),
  addf: variadic(['any'], (values, budget) => exact(0n, values, add, budget)),
  subf: foldedExactly(subtract),
  mulf: foldedExactly(multiply),
  divf: foldedExactly(divide),
  until: fixed(['int'], ([count], budget) => {
    const stop = intArgument(count);
    return ints(steps(0n, stop, stop < 0n ? -1n : 1n, budget));
  }),
  untilStep: fixed(['int', 'int', 'int'], ([start, stop, step], budget) =>
    ints(steps(intArgument(start), intArgument(stop), intArgument(step), budget)),
  ),
  seq: variadic(['int'], (params, budget) => sequence(params.map(intArgument), budget)),
  randInt: fixed(['int', 'int'], ([low, high]) => {
    const range = wrapped(intArgument(high) - intArgument(low));
    if (range <= 0n) throw new FunctionError('invalid argument to Intn');
    const random = BigInt(`0x${Buffer.from(randomBytes(randomSize)).toString('hex')}`);
    return wrapped(intArgument(low) + (random % range));
  }),
});

/** Twice the bytes of any range, so that no number is likelier than another by anything that counts. */
const randomSize = 16;
