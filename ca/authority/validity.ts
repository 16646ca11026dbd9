/**
 * The life of a leaf: what a client may ask for in `notBefore` and `notAfter`, and the limits it is held to.
 *
 * Either is an RFC 3339 time or a Go duration. A notBefore duration counts from now, a notAfter duration from notBefore
 * (from now when that is unset). Only without a notBefore is the leaf backdated, against clocks that lag; its default
 * life is therefore 24 h 1 min. A zero duration counts as unset.
 *
 * Keep: limits are compared in whole seconds, and the backdate is granted on top of the maximum.
 */
import { type EpochMs, formatGoDuration, tryParseGoDuration } from '../../lib/time/index.ts';
import type { Claims } from './claims.ts';
import { durationTooLong, durationTooShort, notAfterInPast, notAfterTooEarly } from './errors.ts';

/** A point in time, or one relative to another. */
export type TimeOrDuration =
  | { readonly kind: 'time'; readonly at: EpochMs }
  | { readonly kind: 'duration'; readonly ms: number };

/** Undefined for a text that is neither; empty text is the caller's to treat as unset. */
export function parseTimeOrDuration(text: string): TimeOrDuration | undefined {
  const at = parseRfc3339(text);
  if (at !== undefined) return { kind: 'time', at };
  const ms = tryParseGoDuration(text);
  return ms === undefined ? undefined : { kind: 'duration', ms };
}

const rfc3339 = /^(\d{4})-(\d{2})-(\d{2})T(\d{2}):(\d{2}):(\d{2})(?:[.,]\d+)?(?:Z|[+-](\d{2}):(\d{2}))$/;

/** Stricter than Date.parse, which moves 30 February into March. */
function parseRfc3339(text: string): EpochMs | undefined {
  const match = rfc3339.exec(text);
  if (!match) return undefined;
  const [year, month, day, hour, minute, second, zoneHour, zoneMinute] = match.slice(1).map(Number);
  const daysInMonth = new Date(Date.UTC(2000 + ((year ?? 0) % 400), month ?? 0, 0)).getUTCDate();
  const inRange =
    between(month, 1, 12) &&
    between(day, 1, daysInMonth) &&
    between(hour, 0, 23) &&
    between(minute, 0, 59) &&
    between(second, 0, 59) &&
    between(zoneHour, 0, 23) &&
    between(zoneMinute, 0, 59);
  if (!inRange) return undefined;
  const ms = Date.parse(text.replace(',', '.'));
  return Number.isNaN(ms) ? undefined : ms;
}

/** Absent groups are NaN after Number(undefined); they are not out of range. */
const between = (value: number | undefined, low: number, high: number): boolean =>
  value === undefined || Number.isNaN(value) || (value >= low && value <= high);

export type ValidityRequest = {
  readonly notBefore?: TimeOrDuration | undefined;
  readonly notAfter?: TimeOrDuration | undefined;
};

export type Validity = { readonly notBefore: EpochMs; readonly notAfter: EpochMs };

/** @throws {AppError} ERR_VALIDITY_PAST, ERR_VALIDITY_ORDER (invalid), ERR_VALIDITY_SHORT, ERR_VALIDITY_LONG (forbidden) */
export function decideValidity(
  request: ValidityRequest,
  claims: Pick<Claims, 'minMs' | 'maxMs' | 'defaultMs'>,
  backdateMs: number,
  now: EpochMs,
): Validity {
  const start = resolve(request.notBefore, now);
  const notBefore = start ?? now - backdateMs;
  const notAfter = resolve(request.notAfter, start ?? now) ?? (start ?? now) + claims.defaultMs;
  requireWithinLimits({ notBefore, notAfter }, claims, backdateMs, now);
  return { notBefore, notAfter };
}

function resolve(given: TimeOrDuration | undefined, base: EpochMs): EpochMs | undefined {
  if (given?.kind === 'duration') return given.ms === 0 ? undefined : base + given.ms;
  return given?.at;
}

function requireWithinLimits(
  { notBefore, notAfter }: Validity,
  { minMs, maxMs }: Pick<Claims, 'minMs' | 'maxMs'>,
  backdateMs: number,
  now: EpochMs,
): void {
  const [start, end] = [wholeSeconds(notBefore), wholeSeconds(notAfter)];
  const longest = maxMs + backdateMs;
  if (end < wholeSeconds(now)) throw notAfterInPast(formatGoTime(end));
  if (end < start) throw notAfterTooEarly(formatGoTime(end), formatGoTime(start));
  if (end - start < minMs) throw durationTooShort(formatGoDuration(end - start), formatGoDuration(minMs));
  if (end - start > longest) throw durationTooLong(formatGoDuration(end - start), formatGoDuration(longest));
}

/** What a certificate can say of a time. */
export const wholeSeconds = (ms: EpochMs): EpochMs => Math.floor(ms / 1000) * 1000;

/** As Go prints a time in UTC: `2026-11-23 05:28:49 +0000 UTC`. */
export function formatGoTime(ms: EpochMs): string {
  const [date = '', time = ''] = new Date(wholeSeconds(ms)).toISOString().split('T');
  return `${date} ${time.slice(0, 8)} +0000 UTC`;
}
