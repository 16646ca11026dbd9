/** Waiting for what a cluster does in its own time. */
import { setTimeout as sleep } from 'node:timers/promises';
import { patient } from '../patience.ts';

/** Whether the long forms of the scenarios run (`make soak`): the lifetimes and durations that people use. */
export const isSoak = process.env.AUTOCERT_E2E_SOAK === '1';

/**
 * Asks again until the answer is no longer undefined or false. A check that throws has not succeeded yet.
 * @param what    completes "waited for …"
 * @param seconds limit on an idle machine
 */
export async function eventually<Result>(
  what: string,
  seconds: number,
  check: () => Promise<Result | undefined | false>,
  everyMs = 250,
): Promise<Result> {
  const deadline = Date.now() + patient(seconds) * 1000;
  let problem: unknown;
  for (;;) {
    try {
      const result = await check();
      if (result !== undefined && result !== false) return result;
      problem = undefined;
    } catch (error) {
      problem = error;
    }
    if (Date.now() > deadline) {
      const last = problem instanceof Error ? `; last: ${problem.message}` : '';
      throw new Error(`waited ${patient(seconds)} s for ${what}${last}`, { cause: problem });
    }
    await sleep(everyMs);
  }
}
