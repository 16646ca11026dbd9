/** Claims that one-time tokens and renew tokens share: texts, lists, and the three times. */
import type { EpochMs } from '../../lib/time/index.ts';
import { tokenClaim } from './errors.ts';

export const isString = (value: unknown): value is string => typeof value === 'string';
export const isTextList = (value: unknown): value is string[] => Array.isArray(value) && value.every(isString);

/** RFC 7519 NumericDate, fractions cut off; undefined when absent. @throws {AppError} ERR_TOKEN_CLAIM */
export function readNumericDate(claims: Readonly<Record<string, unknown>>, name: string): EpochMs | undefined {
  const value = claims[name];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'number' || !Number.isFinite(value)) throw tokenClaim(name, 'time is not a number');
  return Math.trunc(value) * 1000;
}

export type TokenTimes = {
  readonly expiresAt: EpochMs | undefined;
  readonly notBefore: EpochMs | undefined;
  readonly issuedAt: EpochMs | undefined;
};

/** Clocks of pods and CAs differ (RFC 7519 4.1.4 allows some minutes). */
export const leewayMs = 60_000;

/** The first of the three times that does not hold. */
export function findUntimely(times: TokenTimes, now: EpochMs): 'nbf' | 'exp' | 'iat' | undefined {
  if (times.notBefore !== undefined && now + leewayMs < times.notBefore) return 'nbf';
  if (times.expiresAt !== undefined && now - leewayMs > times.expiresAt) return 'exp';
  if (times.issuedAt !== undefined && now + leewayMs < times.issuedAt) return 'iat';
  return undefined;
}

const problems = { nbf: 'not valid yet', exp: 'expired', iat: 'issued in the future' } as const;

/** @throws {AppError} ERR_TOKEN_CLAIM (unauthenticated) */
export function requireTimely(times: TokenTimes, now: EpochMs): void {
  const untimely = findUntimely(times, now);
  if (untimely) throw tokenClaim(untimely, problems[untimely]);
}
