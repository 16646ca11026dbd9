/**
 * A clock that stands still until a test moves it. `advance` lets the code under test run between two timers, so
 * that a loop of sleeps behaves as it would in real time.
 */
import type { Clock, EpochMs } from './clock.ts';

type Timer = { due: EpochMs; readonly wake: () => void };

export class FakeClock implements Clock {
  #now: EpochMs;
  #timers: Timer[] = [];

  constructor(now: EpochMs = Date.UTC(2026, 0, 1)) {
    this.#now = now;
  }

  now(): EpochMs {
    return this.#now;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const wake = (): void => {
        this.#timers = this.#timers.filter((timer) => timer !== entry);
        signal?.removeEventListener('abort', wake);
        resolve();
      };
      const entry: Timer = { due: this.#now + Math.max(ms, 0), wake };
      this.#timers.push(entry);
      signal?.addEventListener('abort', wake, { once: true });
    });
  }

  /** How many sleeps are pending. */
  get sleeping(): number {
    return this.#timers.length;
  }

  /** Milliseconds until the next pending sleep ends, or undefined when nothing sleeps. */
  get nextInMs(): number | undefined {
    return this.#timers.length === 0 ? undefined : Math.min(...this.#timers.map((timer) => timer.due)) - this.#now;
  }

  /** Moves time forward, waking sleeps in order of their due time. */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms;
    await settle();
    for (;;) {
      const next = this.#timers.filter((timer) => timer.due <= end).sort((a, b) => a.due - b.due)[0];
      if (!next) break;
      this.#now = Math.max(this.#now, next.due);
      next.wake();
      await settle();
    }
    this.#now = end;
    await settle();
  }

  /** Sets the wall clock without waking anybody early: what an administrator or NTP does. */
  jump(to: EpochMs): void {
    const by = to - this.#now;
    this.#now = to;
    for (const timer of this.#timers) timer.due += by;
  }
}

/** Lets promise callbacks and immediate IO of the code under test run. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
}
