/**
 * Durations as Go writes and reads them (`time.ParseDuration`, `Duration.String`): `5m`, `1.5h`, `24h1m0s`, `-10s`.
 * There is no day unit. Kept in nanoseconds as bigint inside, handed out in milliseconds.
 */
import { AppError } from '../errors/index.ts';

const nanosecondsOf: Readonly<Record<string, bigint>> = {
  ns: 1n,
  us: 1_000n,
  µs: 1_000n,
  μs: 1_000n,
  ms: 1_000_000n,
  s: 1_000_000_000n,
  m: 60_000_000_000n,
  h: 3_600_000_000_000n,
};

const maxNanoseconds = 2n ** 63n - 1n;

/** @throws {AppError} ERR_DURATION (invalid) with what was wrong and an example */
export function parseGoDuration(text: string): number {
  const ns = parseGoDurationNs(text);
  return Number(ns / 1_000_000n) + Number(ns % 1_000_000n) / 1e6;
}

/** As {@link parseGoDuration}, undefined instead of an error. */
export function tryParseGoDuration(text: string): number | undefined {
  try {
    return parseGoDuration(text);
  } catch {
    return undefined; // the caller only asks whether it is one
  }
}

function parseGoDurationNs(text: string): bigint {
  const match = /^([+-]?)(.*)$/s.exec(text);
  const sign = match?.[1] === '-' ? -1n : 1n;
  const rest = match?.[2] ?? '';
  if (rest === '0') return 0n;
  if (rest === '') throw invalidDuration(text, 'it is empty');
  let total = 0n;
  const part = /(\d*)(?:\.(\d*))?([^\d.]*)/gy;
  while (part.lastIndex < rest.length) {
    const found = part.exec(rest);
    if (!found || found[0] === '') throw invalidDuration(text, 'a number is missing');
    const [, whole = '', fraction = '', unit = ''] = found;
    if (whole === '' && fraction === '') throw invalidDuration(text, 'a number is missing');
    if (unit === '') throw invalidDuration(text, 'a unit is missing');
    const scale = nanosecondsOf[unit];
    if (scale === undefined) throw invalidDuration(text, `unknown unit "${unit}"`);
    total += BigInt(whole || '0') * scale;
    if (fraction !== '') total += (BigInt(fraction) * scale) / 10n ** BigInt(fraction.length);
    if (total > maxNanoseconds) throw invalidDuration(text, 'it is longer than 292 years');
  }
  return sign * total;
}

function invalidDuration(text: string, why: string): AppError {
  const shown = text.length > 40 ? `${text.slice(0, 40)}…` : text;
  return new AppError('ERR_DURATION', 'invalid', `invalid duration "${shown}": ${why}`, {
    hint: 'write a number and a unit, such as 90s, 5m or 24h (there is no unit for days)',
  });
}

/** Milliseconds (fractions allowed) as Go prints them: `24h1m0s`, `1.5s`, `300ms`, `0s`. */
export function formatGoDuration(ms: number): string {
  const negative = ms < 0;
  const size = Math.abs(ms);
  let ns = BigInt(Math.trunc(size)) * 1_000_000n + BigInt(Math.round((size % 1) * 1e6));
  if (ns === 0n) return '0s';
  const sign = negative ? '-' : '';
  if (ns < 1_000n) return `${sign}${ns}ns`;
  if (ns < 1_000_000n) return `${sign}${decimal(ns, 1_000n)}µs`;
  if (ns < 1_000_000_000n) return `${sign}${decimal(ns, 1_000_000n)}ms`;
  const hours = ns / 3_600_000_000_000n;
  ns %= 3_600_000_000_000n;
  const minutes = ns / 60_000_000_000n;
  ns %= 60_000_000_000n;
  const head = hours > 0n ? `${hours}h${minutes}m` : minutes > 0n ? `${minutes}m` : '';
  return `${sign}${head}${decimal(ns, 1_000_000_000n)}s`;
}

function decimal(value: bigint, unit: bigint): string {
  const fraction = (value % unit)
    .toString()
    .padStart(unit.toString().length - 1, '0')
    .replace(/0+$/, '');
  return fraction === '' ? `${value / unit}` : `${value / unit}.${fraction}`;
}
