/**
 * When `ca renew` and `ca rekey` act, by step's rules (core protocol: "step ca renew"). Pure: time and chance are
 * passed in. All numbers are milliseconds.
 */
import type { EpochMs } from '../../lib/time/index.ts';

export type Validity = { readonly notBefore: EpochMs; readonly notAfter: EpochMs };

export type Pace = {
  /** Renew when less than this is left; a third of the life when not given. */
  readonly expiresInMs: number | undefined;
  /** Renew at this interval whatever is left. */
  readonly periodMs: number | undefined;
};

/** One-shot with --expires-in: whether enough is left to do nothing. `chance` is drawn from [0, 1). */
export function isTooEarly(validity: Validity, expiresInMs: number, now: EpochMs, chance: number): boolean {
  return validity.notAfter - now > expiresInMs + (chance * expiresInMs) / 20;
}

/** Daemon: how long to wait before the next renewal. */
export function waitBeforeRenewal(
  validity: Validity,
  { expiresInMs, periodMs }: Pace,
  now: EpochMs,
  chance: number,
): number {
  const left = validity.notAfter - now;
  if (periodMs !== undefined) return left <= periodMs ? 0 : periodMs;
  const life = validity.notAfter - validity.notBefore;
  const wait = left - (expiresInMs ?? life / 3);
  if (wait <= 0) return 0;
  // so little is left that a twentieth of the life would go past the end
  return wait < life / 20 ? wait * chance : wait - (chance * life) / 20;
}
