/** Numbers in text as Go's strconv reads them: ParseInt, ParseUint and ParseFloat. */

const prefixes: Readonly<Record<string, number>> = { b: 2, o: 8, x: 16 };

export type IntegerParse = { readonly value: bigint; readonly problem?: 'syntax' | 'range' };

const syntax: IntegerParse = { value: 0n, problem: 'syntax' };

/**
 * With base 0 a prefix says the base (0x, 0o, 0b, 0) and underscores may stand between digits. Out of range gives the
 * nearest number of that size, as in Go.
 */
export function parseInteger(text: string, base: number, bits: number, signed: boolean): IntegerParse {
  const sign = signed && (text[0] === '-' || text[0] === '+') ? text[0] : '';
  const magnitude = parseMagnitude(text.slice(sign.length), base);
  if (magnitude === undefined) return syntax;
  const value = sign === '-' ? -magnitude : magnitude;
  const [low, high] = signed
    ? [-(1n << BigInt(bits - 1)), (1n << BigInt(bits - 1)) - 1n]
    : [0n, (1n << BigInt(bits)) - 1n];
  if (value > high) return { value: high, problem: 'range' };
  if (value < low) return { value: low, problem: 'range' };
  return { value };
}

/** Longer texts are out of any range; they are not worth their time. */
const maxDigits = 400;

function parseMagnitude(text: string, base: number): bigint | undefined {
  let digits = text;
  let radix = base;
  if (base === 0) {
    radix = 10;
    const prefix = prefixes[(text[1] ?? '').toLowerCase()];
    if (text[0] === '0' && prefix !== undefined && text.length >= 3) {
      radix = prefix;
      digits = text.slice(2);
    } else if (text[0] === '0' && text.length > 1) {
      radix = 8;
      digits = text.slice(1);
    }
    if (text.includes('_')) {
      if (!underscoresFit(text)) return undefined;
      digits = digits.replaceAll('_', '');
    }
  }
  const valid = radix === 2 ? /^[01]+$/ : radix === 8 ? /^[0-7]+$/ : radix === 16 ? /^[0-9a-fA-F]+$/ : /^[0-9]+$/;
  if (!valid.test(digits)) return undefined;
  const significant = digits.replace(/^0+/, '');
  if (significant.length > maxDigits) return 1n << 70n;
  if (significant === '') return 0n;
  return BigInt({ 2: '0b', 8: '0o', 10: '', 16: '0x' }[radix] + significant);
}

/** Underscores only between digits, or between a base prefix and a digit; an exponent has digits too. */
function underscoresFit(text: string): boolean {
  const unsigned = text.replace(/^[+-]/, '');
  const isHex = /^0x/i.test(unsigned);
  const digits = unsigned.replace(/^0[box]/i, '0');
  return isHex ? !/(?<![0-9a-f])_|_(?![0-9a-f])/i.test(digits) : !/(?<![0-9])_|_(?![0-9])/.test(digits);
}

export type FloatParse = { readonly value: number; readonly problem?: 'syntax' | 'range' };

/** Decimal and hexadecimal forms, inf, infinity and nan. */
export function parseFloat64(text: string): FloatParse {
  const special = /^([+-]?)(inf|infinity|nan)$/i.exec(text);
  if (special) {
    if (special[2]?.toLowerCase() === 'nan')
      return special[1] ? { value: 0, problem: 'syntax' } : { value: Number.NaN };
    return { value: special[1] === '-' ? -Infinity : Infinity };
  }
  if (text.includes('_') && !underscoresFit(text)) return { value: 0, problem: 'syntax' };
  const plain = text.replaceAll('_', '');
  const value = /^[+-]?0x/i.test(plain) ? parseHexFloat(plain) : parseDecimal(plain);
  if (value === undefined) return { value: 0, problem: 'syntax' };
  return Number.isFinite(value) ? { value } : { value, problem: 'range' };
}

const parseDecimal = (text: string): number | undefined =>
  /^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)(e[+-]?[0-9]+)?$/i.test(text) ? Number(text) : undefined;

function parseHexFloat(text: string): number | undefined {
  const match = /^([+-]?)0x([0-9a-f]*)\.?([0-9a-f]*)p([+-]?[0-9]{1,6})$/i.exec(text);
  const [, sign, whole = '', fraction = '', exponent] = match ?? [];
  if (!match || whole + fraction === '' || (whole + fraction).length > maxDigits) return undefined;
  const mantissa = Number(BigInt(`0x${whole}${fraction}`));
  const value = mantissa * 2 ** (Number(exponent) - 4 * fraction.length);
  return sign === '-' ? -value : value;
}
