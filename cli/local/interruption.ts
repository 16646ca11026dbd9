/**
 * Ctrl-C and its relatives, for a command that has things to put away before it ends. The first signal asks to end,
 * the second one to end now.
 */
import { constants } from 'node:os';

export type StopSignal = 'SIGINT' | 'SIGTERM' | 'SIGHUP';

export type Interruption = {
  /** Aborts with the first signal. */
  readonly asked: AbortSignal;
  /** Aborts with the second one. */
  readonly insisted: AbortSignal;
  /** 128 + number of the signal, as a shell reports it; undefined when there was none. */
  exitCode(): number | undefined;
};

/** Runs `body` with the signals of this process held; they mean again what they meant before when it ends. */
export async function withInterruption<T>(body: (interruption: Interruption) => Promise<T>): Promise<T> {
  const [asked, insisted] = [new AbortController(), new AbortController()];
  let first: StopSignal | undefined;
  const listener = (signal: NodeJS.Signals): void => {
    if (first !== undefined) insisted.abort();
    first ??= signal as StopSignal;
    asked.abort();
  };
  const signals: readonly StopSignal[] = ['SIGINT', 'SIGTERM', 'SIGHUP'];
  for (const signal of signals) process.on(signal, listener);
  try {
    return await body({
      asked: asked.signal,
      insisted: insisted.signal,
      exitCode: () => (first === undefined ? undefined : 128 + constants.signals[first]),
    });
  } finally {
    for (const signal of signals) process.off(signal, listener);
  }
}

/** Resolves when a signal aborts. */
export const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
