/** Numbers of type float64 as Go writes them (strconv.FormatFloat). */

/** Decimal digits without trailing zeros, and where the point stands: 0.DIGITS × 10^point. */
type Decimal = { readonly digits: string; readonly point: number };

function decimalOf(exponential: string): Decimal {
  const [mantissa = '', exponent = '0'] = exponential.split('e');
  const digits = mantissa.replace('.', '').replace(/0+$/, '') || '0';
  return { digits, point: Number(exponent) + 1 };
}

/** JavaScript's methods take no more. */
const maxPrecision = 100;

/**
 * @param precision digits after the point (`e`, `f`) or in all (`g`); -1 for the shortest that reads back as the same number
 */
export function formatFloat(value: number, verb: 'e' | 'f' | 'g', precision: number): string {
  if (Number.isNaN(value)) return 'NaN';
  const sign = value < 0 || Object.is(value, -0) ? '-' : '';
  if (!Number.isFinite(value)) return `${sign || '+'}Inf`;
  return sign + formatMagnitude(Math.abs(value), verb, Math.min(precision, maxPrecision));
}

/** More digits than a tie of two candidates can have beyond them. */
const beyond = 25;

/** JavaScript rounds a tie up, Go to the even digit. */
function roundEven(rounded: string, exact: string): string {
  const digits = exact.length - beyond;
  const [mantissa = '', rest] = [exact.slice(0, digits).replace(/\.$/, ''), exact.slice(digits)];
  const isTie = /^\.?50*$/.test(rest) && /[02468]$/.test(mantissa);
  return isTie ? mantissa : rounded;
}

function toFixed(value: number, precision: number): string {
  if (value >= 1e21) return withFraction(BigInt(value).toString(), precision);
  const rounded = value.toFixed(precision);
  if (precision + beyond > maxPrecision) return rounded;
  const exact = value.toFixed(precision + beyond);
  return roundEven(rounded, precision === 0 ? exact.replace('.', '') : exact);
}

function toExponential(value: number, precision: number): string {
  const rounded = value.toExponential(precision);
  if (precision + beyond > maxPrecision) return rounded;
  const [exact = '', exponent = '0'] = value.toExponential(precision + beyond).split('e');
  const [mantissa = '', ownExponent = '0'] = rounded.split('e');
  const even = roundEven(mantissa, precision === 0 ? exact.replace('.', '') : exact);
  return even === mantissa ? `${mantissa}e${ownExponent}` : `${even}e${exponent}`;
}

function formatMagnitude(value: number, verb: 'e' | 'f' | 'g', precision: number): string {
  if (verb === 'e') return twoDigitExponent(precision < 0 ? value.toExponential() : toExponential(value, precision));
  if (verb === 'f') {
    if (precision < 0) return plain(decimalOf(value.toExponential()));
    return toFixed(value, precision);
  }
  const significant = precision === 0 ? 1 : precision;
  const decimal = decimalOf(precision < 0 ? value.toExponential() : toExponential(value, significant - 1));
  const exponent = decimal.point - 1;
  let limit = precision < 0 ? 6 : significant;
  if (precision >= 0 && limit > decimal.digits.length && decimal.digits.length >= decimal.point) {
    limit = decimal.digits.length;
  }
  if (exponent >= -4 && exponent < limit) return plain(decimal);
  const [first = '', rest] = [decimal.digits[0], decimal.digits.slice(1)];
  return twoDigitExponent(`${first}${rest ? `.${rest}` : ''}e${exponent}`);
}

const withFraction = (whole: string, precision: number): string =>
  precision > 0 ? `${whole}.${'0'.repeat(precision)}` : whole;

function plain({ digits, point }: Decimal): string {
  if (digits === '0') return '0';
  if (point <= 0) return `0.${'0'.repeat(-point)}${digits}`;
  if (point >= digits.length) return digits + '0'.repeat(point - digits.length);
  return `${digits.slice(0, point)}.${digits.slice(point)}`;
}

function twoDigitExponent(text: string): string {
  const [mantissa = '', exponent = '0'] = text.split('e');
  const sign = exponent.startsWith('-') ? '-' : '+';
  return `${mantissa}e${sign}${exponent.replace(/^[+-]/, '').padStart(2, '0')}`;
}
