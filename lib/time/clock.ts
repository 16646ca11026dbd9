/**
 * Time as a port: what a program knows of "now" and of waiting. Everything that waits or compares times takes a
 * `Clock`, so that tests run on a fake one. Wall-clock milliseconds throughout: certificates live by the wall
 * clock, and a machine that was suspended must notice.
 */

/** Milliseconds since the epoch, UTC. */
export type EpochMs = number;

export interface Clock {
  /** Wall-clock time, epoch ms. */
  now(): EpochMs;
  /**
   * Resolves `ms` milliseconds from now, or as soon as `signal` aborts (it never rejects: the caller looks at the
   * signal). Any length is allowed; zero and less resolve in the next turn.
   */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** setTimeout fires at once beyond 2^31-1 ms (24.8 days); one day per chunk stays far below. */
const chunkMs = 24 * 60 * 60 * 1000;

/** The real clock of this machine. */
export const systemClock: Clock = {
  now: () => Date.now(),
  async sleep(ms, signal) {
    let left = ms;
    do {
      await sleepChunk(Math.min(Math.max(left, 0), chunkMs), signal);
      left -= chunkMs;
    } while (left > 0 && !signal?.aborted);
  },
};

function sleepChunk(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve();
    const finish = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', finish);
      resolve();
    };
    const timer = setTimeout(finish, ms);
    signal?.addEventListener('abort', finish, { once: true });
  });
}

/**
 * Waits until the wall clock reads `due`, looking at it at least once a `lookMs`: a clock that was set, or a machine
 * that slept, is noticed within that time. Resolves early when `signal` aborts.
 */
export async function sleepUntil(clock: Clock, due: EpochMs, lookMs: number, signal?: AbortSignal): Promise<void> {
  for (;;) {
    const left = due - clock.now();
    if (left <= 0 || signal?.aborted) return;
    await clock.sleep(Math.min(left, lookMs), signal);
  }
}
