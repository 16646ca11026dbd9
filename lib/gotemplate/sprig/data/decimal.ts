/** Exact decimal numbers for addf and its fellows (shopspring/decimal): VALUE × 10^EXPONENT. */
import { FunctionError } from '../../errors.ts';
import type { Budget } from '../../limits.ts';
import { formatFloat } from '../../text/floats.ts';

export type Decimal = { readonly value: bigint; readonly exponent: number };

/** Digits after the point of what does not divide exactly. */
const divisionPrecision = 16;

/** The shortest decimal that reads back as the same float. */
export function decimalOf(value: number): Decimal {
  if (!Number.isFinite(value)) throw new FunctionError(`Cannot create a Decimal from ${formatFloat(value, 'g', -1)}`);
  const [mantissa = '0', exponent = '0'] = value.toExponential().split('e');
  const [whole = '', fraction = ''] = mantissa.split('.');
  return { value: BigInt(whole + fraction), exponent: Number(exponent) - fraction.length };
}

/** The nearest float. */
export const floatOf = ({ value, exponent }: Decimal): number => Number(`${value}e${exponent}`);

export type Operation = (left: Decimal, right: Decimal, budget: Budget) => Decimal;

const tenTo = (exponent: number, budget: Budget): bigint => {
  budget.make(exponent);
  return 10n ** BigInt(exponent);
};

function aligned(left: Decimal, right: Decimal, budget: Budget): { a: bigint; b: bigint; exponent: number } {
  const exponent = Math.min(left.exponent, right.exponent);
  const scale = (each: Decimal): bigint => each.value * tenTo(each.exponent - exponent, budget);
  return { a: scale(left), b: scale(right), exponent };
}

export const add: Operation = (left, right, budget) => {
  const { a, b, exponent } = aligned(left, right, budget);
  return { value: a + b, exponent };
};

export const subtract: Operation = (left, right, budget) => add(left, { ...right, value: -right.value }, budget);

export const multiply: Operation = (left, right, budget) => {
  const value = left.value * right.value;
  budget.make(value.toString(16).length);
  return { value, exponent: left.exponent + right.exponent };
};

/** Half away from zero. */
export const divide: Operation = (left, right, budget) => {
  if (right.value === 0n) throw new FunctionError('decimal division by 0');
  const shift = left.exponent - right.exponent + divisionPrecision;
  const dividend = left.value * tenTo(Math.max(shift, 0), budget);
  const divisor = right.value * tenTo(Math.max(-shift, 0), budget);
  const quotient = dividend / divisor;
  const rest = magnitude(dividend % divisor);
  const away = dividend < 0n === divisor < 0n ? 1n : -1n;
  const value = 2n * rest >= magnitude(divisor) ? quotient + away : quotient;
  return { value, exponent: -divisionPrecision };
};

const magnitude = (value: bigint): bigint => (value < 0n ? -value : value);
