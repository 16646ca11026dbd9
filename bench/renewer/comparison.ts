/**
 * What a renewer costs while it waits, and what a day of it costs: ten instances of ours beside ten of
 * `step ca renew --daemon`, at the same real step-ca, each as started and after a renewal.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { createAuthority, startAuthority } from '../ca/servers.ts';
import { type Comparison, lessIsBetter, type Row, type Settings, type Table } from '../comparison.ts';
import { cpuMs, type Memory, memoryOf, runNs } from '../measure/process-cost.ts';
import type { Pair } from '../measure/rounds.ts';
import { median } from '../measure/statistics.ts';
import { type Daemons, instances, startOurs, startStep } from './daemons.ts';

export const renewerComparison: Comparison = {
  name: 'renewer',
  summary: 'memory and CPU of the waiting renewer against step ca renew --daemon',
  async run(settings) {
    const authority = await createAuthority('peer', 'none');
    try {
      const running = await startAuthority(authority, settings.cores.server);
      try {
        settings.progress(`renewer: ${instances} of ours`);
        const ours = await measure(await startOurs(running), settings);
        settings.progress(`renewer: ${instances} of step`);
        return [tableOf([ours, await measure(await startStep(running), settings)])];
      } finally {
        await running.stop();
      }
    } finally {
      await authority.files.remove();
    }
  },
};

/** Of one instance: medians of the memory, means of the time. */
type Cost = {
  readonly started: Memory;
  readonly renewed: Memory;
  readonly renewalMs: number;
  readonly idleMsPerDay: number;
};

const secondsPerDay = 24 * 60 * 60;
/** Certificates of 24 hours are renewed after two thirds of their life, by both. */
const renewalsPerDay = 1.5;
const goal = 1 / 20;

async function measure(daemons: Daemons, { seconds, rounds }: Settings): Promise<Cost> {
  const { all, stop } = daemons;
  try {
    const started = typicalMemory(daemons);
    for (const daemon of all) await daemon.renew(); // the first one loads what the others have
    const renewed = typicalMemory(daemons);
    const cpuStart = sum(all.map(({ pid }) => cpuMs(pid)));
    for (let round = 0; round < rounds; round++) for (const daemon of all) await daemon.renew();
    const renewalMs = (sum(all.map(({ pid }) => cpuMs(pid))) - cpuStart) / (rounds * all.length);
    const idleSeconds = seconds * 10;
    await delay((idleSeconds * 1000) / 2); // what the renewals have left behind is cleared away
    const idleStart = sum(all.map(({ pid }) => runNs(pid)));
    await delay(idleSeconds * 1000);
    const idleNs = (sum(all.map(({ pid }) => runNs(pid))) - idleStart) / all.length;
    return { started, renewed, renewalMs, idleMsPerDay: (idleNs / 1e6) * (secondsPerDay / idleSeconds) };
  } finally {
    await stop();
  }
}

function typicalMemory({ all }: Daemons): Memory {
  const each = all.map(({ pid }) => memoryOf(pid));
  const typical = (pick: (memory: Memory) => number): number => median(each.map(pick));
  return {
    rss: typical(({ rss }) => rss),
    pss: typical(({ pss }) => pss),
    privateDirty: typical(({ privateDirty }) => privateDirty),
  };
}

function tableOf(costs: Pair<Cost>): Table {
  const figure = (pick: (cost: Cost) => number): Pair<number> => [pick(costs[0]), pick(costs[1])];
  const memory = (when: string, pick: (cost: Cost) => Memory): Row[] => [
    lessIsBetter(
      `${when}, RSS`,
      'kB',
      figure((cost) => pick(cost).rss),
    ),
    lessIsBetter(
      `${when}, PSS`,
      'kB',
      figure((cost) => pick(cost).pss),
      goal,
    ),
    lessIsBetter(
      `${when}, private dirty`,
      'kB',
      figure((cost) => pick(cost).privateDirty),
      goal,
    ),
  ];
  const perDay = figure(({ renewalMs, idleMsPerDay }) => renewalMs * renewalsPerDay + idleMsPerDay);
  return {
    title: `Renewer asleep, each of ${instances}`,
    ours: 'ours',
    peer: 'step daemon',
    rows: [
      ...memory('started', ({ started }) => started),
      ...memory('after a renewal', ({ renewed }) => renewed),
      lessIsBetter(
        'a renewal, CPU',
        'ms',
        figure(({ renewalMs }) => renewalMs),
      ),
      lessIsBetter(
        'asleep for a day, CPU',
        'ms',
        figure(({ idleMsPerDay }) => idleMsPerDay),
      ),
      lessIsBetter(`a day with ${renewalsPerDay} renewals, CPU`, 'ms', perDay),
    ],
  };
}

const sum = (figures: readonly number[]): number => figures.reduce((total, figure) => total + figure, 0);
