/**
 * Two ways to put load on a server. Closed: a fixed number of workers, each with its next request after the answer to
 * the last; shows what the server can do. Open: requests at fixed moments, whether earlier ones are answered or not;
 * shows how long a client waits, because a slow answer does not keep the next ones away.
 */
import { performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import { cpuMs } from '../measure/process-cost.ts';
import { quantile } from '../measure/statistics.ts';

/** What one block of load came to. */
export type Sample = {
  readonly perSecond: number;
  /** Of the server's process, or of all its processes. */
  readonly cpuMsPerOperation: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** How busy the client's core was with the client: near 1, the client is what was measured. */
  readonly clientBusy: number;
};

export type Worker = () => Promise<void>;

/** As many operations as `workers` manage in this time. */
export async function closedLoop(
  pids: number | readonly number[],
  workers: readonly Worker[],
  seconds: number,
): Promise<Sample> {
  const gauge = startGauge([pids].flat());
  const end = performance.now() + seconds * 1000;
  const times: number[] = [];
  await Promise.all(
    workers.map(async (work) => {
      for (let start = performance.now(); start < end; ) {
        await work();
        const now = performance.now();
        times.push(now - start);
        start = now;
      }
    }),
  );
  return gauge(times);
}

/** Operations at a fixed rate; each is timed from the moment it was due. More workers than are ever in flight. */
export async function openLoop(
  pid: number,
  workers: readonly Worker[],
  { perSecond, seconds }: { readonly perSecond: number; readonly seconds: number },
): Promise<Sample> {
  const gauge = startGauge([pid]);
  const begin = performance.now();
  const total = Math.floor(perSecond * seconds);
  const times: number[] = [];
  let next = 0;
  await Promise.all(
    workers.map(async (work) => {
      for (let mine = next++; mine < total; mine = next++) {
        const due = begin + (mine * 1000) / perSecond;
        const early = due - performance.now();
        if (early > 0) await delay(early);
        const start = early > 0 ? performance.now() : due; // a timer that is late is not the server's doing
        await work();
        times.push(performance.now() - start);
      }
    }),
  );
  return gauge(times);
}

function startGauge(pids: readonly number[]): (times: readonly number[]) => Sample {
  const cpuOfAll = (): number => pids.reduce((sum, pid) => sum + cpuMs(pid), 0);
  const [start, cpuStart, own] = [performance.now(), cpuOfAll(), process.cpuUsage()];
  return (times) => {
    const elapsedMs = performance.now() - start;
    const { user, system } = process.cpuUsage(own);
    return {
      perSecond: (times.length * 1000) / elapsedMs,
      cpuMsPerOperation: (cpuOfAll() - cpuStart) / times.length,
      p50Ms: quantile(times, 0.5),
      p99Ms: quantile(times, 0.99),
      clientBusy: (user + system) / 1000 / elapsedMs,
    };
  };
}
