/** The clock of this machine, whose sleeps do not keep a program alive that has nothing else to do. */
import type { Clock } from '../../time/index.ts';

/** setTimeout fires at once beyond 2^31-1 ms. */
const longestTimerMs = 2 ** 31 - 1;

export const backgroundClock: Clock = {
  now: () => Date.now(),
  sleep: (ms, signal) =>
    new Promise((resolve) => {
      if (signal?.aborted) return resolve();
      const finish = (): void => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', finish);
        resolve();
      };
      const timer = setTimeout(finish, Math.min(Math.max(ms, 0), longestTimerMs));
      timer.unref();
      signal?.addEventListener('abort', finish, { once: true });
    }),
};
