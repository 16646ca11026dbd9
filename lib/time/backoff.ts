/**
 * Exponential back-off with full jitter: the wait is drawn evenly from (0, cap], so that a thousand pods that failed
 * together do not come back together. Pure: the caller supplies randomness.
 */
export type BackoffPolicy = {
  readonly firstMs: number;
  readonly maxMs: number;
};

/**
 * @param attempt 0 for the wait after the first failure
 * @param random  0 <= random < 1
 * @returns       milliseconds to wait, more than a tenth of the cap of this attempt
 */
export function backoffMs(policy: BackoffPolicy, attempt: number, random: number): number {
  const cap = Math.min(policy.maxMs, policy.firstMs * 2 ** Math.min(attempt, 40));
  return Math.round(cap * (0.1 + 0.9 * random));
}
