/**
 * How often one pod may ask for a token. Pure: the caller supplies the time. Counts are per replica and in memory, which
 * is enough to stop a crash loop from becoming a load on the CA.
 */
import type { EpochMs } from '../../lib/time/index.ts';

export type RateLimit = { readonly requests: number; readonly perMs: number };

/** Keys beyond this push the oldest ones out: memory stays bounded whatever is asked. */
const maxKeys = 20_000;

export class RateLimiter {
  readonly #limit: RateLimit;
  /** For each key, when its requests so far would have come had they come evenly; in order of the last request. */
  readonly #due = new Map<string, EpochMs>();

  constructor(limit: RateLimit) {
    this.#limit = limit;
  }

  /**
   * Counts one request.
   *
   * @returns 0 when it is allowed, else the milliseconds after which the next one will be
   */
  take(key: string, now: EpochMs): number {
    const { requests, perMs } = this.#limit;
    const shareMs = perMs / requests;
    // Never further ahead than one period: a clock that was set back must not shut anybody out.
    const due = Math.min(Math.max(this.#due.get(key) ?? now, now), now + perMs);
    const waitMs = due + shareMs - (now + perMs);
    this.#due.delete(key);
    this.#due.set(key, waitMs <= 0 ? due + shareMs : due);
    if (this.#due.size > maxKeys) this.#dropOldest();
    return Math.max(0, Math.ceil(waitMs));
  }

  #dropOldest(): void {
    const [oldest] = this.#due.keys();
    if (oldest !== undefined) this.#due.delete(oldest);
  }
}
