/** Waiting for what a cluster does in its own time. */
import { setTimeout as sleep } from 'node:timers/promises';

/** Multiplies every time limit: AUTOCERT_E2E_PATIENCE=3 on a slow machine. */
const patience = Number(process.env.AUTOCERT_E2E_PATIENCE || 1);

/** Whether the long forms of the scenarios run (`make soak`): the lifetimes and durations that people use. */
export const isSoak = process.env.AUTOCERT_E2E_SOAK === '1';

/**
 * Asks again until the answer is no longer undefined or false. A check that throws has not succeeded yet.
 * @param what    completes "waited for …"
 * @param seconds limit on an idle machine; scaled by AUTOCERT_E2E_PATIENCE
 */
export async function eventually<Result>(
  what: string,
  seconds: number,
  check: () => Promise<Result | undefined | false>,
  everyMs = 250,
): Promise<Result> {
  const deadline = Date.now() + seconds * patience * 1000;
  let problem: unknown;
  for (;;) {
    try {
      const result = await check();
      if (result !== undefined && result !== false) return result;
      problem = undefined;
    } catch (error) {
      problem = error;
    }
    if (Date.now() > deadline) throw new Error(`waited ${seconds * patience} s for ${what}`, { cause: problem });
    await sleep(everyMs);
  }
}
