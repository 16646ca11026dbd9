/** Go's time.Duration: 64 bits of nanoseconds, read and written as `1h2m3.5s`. Texts are byte strings. */
import type { Budget } from '../../../limits.ts';
import { Integer } from '../../../values.ts';

const unitBytes = { micro: '\xc2\xb5s', greekMicro: '\xce\xbcs' } as const;

const unitNs: ReadonlyMap<string, bigint> = new Map([
  ['ns', 1n],
  ['us', 1_000n],
  [unitBytes.micro, 1_000n],
  [unitBytes.greekMicro, 1_000n],
  ['ms', 1_000_000n],
  ['s', 1_000_000_000n],
  ['m', 60_000_000_000n],
  ['h', 3_600_000_000_000n],
]);

const limit = 2n ** 63n;

/** As package time puts text into its messages: bytes that are no plain ASCII as `\xNN`. */
export const quoteTime = (bytes: string): string =>
  `"${bytes.replace(/["\\]/g, '\\$&').replace(/[^ -\x7f]/g, (byte) => `\\x${byte.charCodeAt(0).toString(16).padStart(2, '0')}`)}"`;

/** Nanoseconds, or Go's complaint. */
export type ParsedDuration = { readonly ns: bigint; readonly problem?: string };

export function parseDuration(text: string, budget: Budget): ParsedDuration {
  budget.step(text.length);
  const bad = (what: string): ParsedDuration => ({ ns: 0n, problem: `time: ${what} ${quoteTime(text)}` });
  const unsigned = text.replace(/^[-+]/, '');
  const isNegative = text.startsWith('-');
  if (unsigned === '0') return { ns: 0n };
  if (unsigned === '') return bad('invalid duration');
  let total = 0n;
  for (let rest = unsigned; rest !== ''; ) {
    const [part = '', whole = '', , fraction = ''] = /^([0-9]*)(\.([0-9]*))?/.exec(rest) ?? [];
    if ((whole === '' && fraction === '') || isTooLong(whole)) return bad('invalid duration');
    const unit = /^[^.0-9]+/.exec(rest.slice(part.length))?.[0];
    if (unit === undefined) return bad('missing unit in duration');
    const scale = unitNs.get(unit);
    if (scale === undefined) return bad(`unknown unit ${quoteTime(unit)} in duration`);
    total += BigInt(whole) * scale + fractionNs(fraction, scale);
    if (total > limit) return bad('invalid duration');
    rest = rest.slice(part.length + unit.length);
  }
  if (isNegative) return { ns: -total };
  return total === limit ? bad('invalid duration') : { ns: total };
}

const isTooLong = (digits: string): boolean => digits.replace(/^0+/, '').length > 19;

/** Digits that an int64 cannot hold do not count. */
function fractionNs(digits: string, scale: bigint): bigint {
  let value = 0n;
  let power = 1;
  for (const digit of digits) {
    if (value > (limit - 1n) / 10n) break;
    value = value * 10n + BigInt(digit);
    power *= 10;
  }
  return BigInt(Math.trunc(Number(value) * (Number(scale) / power)));
}

/** `1h0m0.5s`, `1.5ms`, `0s`. */
export function formatDuration(ns: bigint): string {
  const sign = ns < 0n ? '-' : '';
  const magnitude = ns < 0n ? -ns : ns;
  if (magnitude === 0n) return '0s';
  if (magnitude < 1_000n) return `${sign}${magnitude}ns`;
  if (magnitude < 1_000_000n) return `${sign}${withFraction(magnitude, 3)}${unitBytes.micro}`;
  if (magnitude < 1_000_000_000n) return `${sign}${withFraction(magnitude, 6)}ms`;
  const minutes = magnitude / 60_000_000_000n;
  const seconds = `${withFraction(magnitude % 60_000_000_000n, 9)}s`;
  if (minutes === 0n) return sign + seconds;
  const hours = minutes / 60n;
  return `${sign}${hours > 0n ? `${hours}h` : ''}${minutes % 60n}m${seconds}`;
}

function withFraction(value: bigint, digits: number): string {
  const unit = 10n ** BigInt(digits);
  const fraction = (value % unit).toString().padStart(digits, '0').replace(/0+$/, '');
  return fraction ? `${value / unit}.${fraction}` : String(value / unit);
}

/** A value of templates. What does not fit into 64 bits wraps around. */
export function durationValue(ns: bigint): Integer {
  const wrapped = BigInt.asIntN(64, ns);
  return new Integer('time.Duration', wrapped, formatDuration(wrapped));
}

/** To a multiple of `unit`, halves away from zero; what does not fit becomes the longest there is. */
export function roundDuration(ns: bigint, unit: bigint): bigint {
  if (unit <= 0n) return ns;
  const magnitude = ns < 0n ? -ns : ns;
  const down = magnitude - (magnitude % unit);
  const rounded = 2n * (magnitude % unit) < unit ? down : down + unit;
  const signed = ns < 0n ? -rounded : rounded;
  return signed >= limit ? limit - 1n : signed < -limit ? -limit : signed;
}

/** The nearest duration there is (Time.Sub, time.Since). */
export const clampDuration = (ns: bigint): bigint => (ns >= limit ? limit - 1n : ns < -limit ? -limit : ns);
