/**
 * From the start of the process to the three files: our init container against upstream's script with the real step,
 * each at the real step-ca and at our CA, on loopback and with a round trip of 5 ms in between.
 */

import { createAuthority, type RunningAuthority, type Side, startAuthority } from '../ca/servers.ts';
import { type Comparison, lessIsBetter, type Row, type Settings, type Table } from '../comparison.ts';
import { endedChildrenCpuMs } from '../measure/children-cost.ts';
import { interleave, medians, type Pair } from '../measure/rounds.ts';
import { bootstrapOnce, type Contender, upstreamScript } from './contenders.ts';
import { startDelayProxy } from './delay-proxy.ts';
import { waysToStart } from './starts.ts';

export const initContainerComparison: Comparison = {
  name: 'init-container',
  summary: 'start to files of the init container against upstream’s script with the real step',
  async run(settings) {
    const ways = await waysToStart();
    const shipped = ways.find(({ name }) => name === shippedAs);
    if (!shipped) throw new TypeError(shippedAs);
    return [...(await comparePlaces(shipped, settings)), await compareStarts(ways, settings)];
  },
};

/** The way our image starts it. */
const shippedAs = 'compile cache';

const roundTripMs = 5;
const caNames: Readonly<Record<Side, string>> = { ours: 'our CA', peer: 'step-ca' };

type Sample = { readonly wallMs: number; readonly cpuMs: number };

async function comparePlaces(shipped: Contender, settings: Settings): Promise<Table[]> {
  const tables: Table[] = [];
  for (const side of ['peer', 'ours'] as const) {
    tables.push(
      await withAuthority(side, settings, async (authority) => {
        const rows: Row[] = [];
        for (const delayed of [false, true]) {
          const place = delayed ? `${roundTripMs} ms round trip` : 'loopback';
          settings.progress(`init-container: ${caNames[side]}, ${place}`);
          const samples = await measure([shipped, upstreamScript()], authority, delayed, settings);
          rows.push(
            lessIsBetter(
              `${place}, wall`,
              'ms',
              medians(samples, ({ wallMs }) => wallMs),
              1,
            ),
            lessIsBetter(
              `${place}, CPU`,
              'ms',
              medians(samples, ({ cpuMs }) => cpuMs),
              1,
            ),
          );
        }
        return { title: `Init container, ${caNames[side]}`, ours: 'ours', peer: 'script', rows };
      }),
    );
  }
  return tables;
}

/** Each against the plain start; a goal is not set, the table shows what is worth having. */
async function compareStarts(ways: readonly Contender[], settings: Settings): Promise<Table> {
  const [plain, ...others] = ways;
  if (!plain) throw new TypeError('no way to start');
  return withAuthority('ours', settings, async (authority) => {
    const rows: Row[] = [];
    for (const way of others) {
      settings.progress(`init-container: ${way.name}`);
      const samples = await measure([way, plain], authority, false, settings);
      rows.push(
        lessIsBetter(
          `${way.name}, wall`,
          'ms',
          medians(samples, ({ wallMs }) => wallMs),
        ),
        lessIsBetter(
          `${way.name}, CPU`,
          'ms',
          medians(samples, ({ cpuMs }) => cpuMs),
        ),
      );
    }
    return { title: 'Init container, ways to start it', ours: 'this way', peer: 'plain', rows };
  });
}

/** CPU is read in steps of 10 ms, so that a sample is the mean of some runs. */
const runsPerSample = 5;

async function measure(
  contenders: Pair<Contender>,
  authority: RunningAuthority,
  delayed: boolean,
  { rounds, cores }: Settings,
): Promise<Pair<Sample[]>> {
  const proxy = delayed ? await startDelayProxy(authority.port, roundTripMs) : undefined;
  const place = { caPort: proxy?.port ?? authority.port, core: cores.server };
  try {
    for (const contender of contenders) await bootstrapOnce(contender, authority, place);
    return await interleave(contenders, rounds, async (contender) => {
      const cpuStart = endedChildrenCpuMs();
      let wallMs = 0;
      for (let run = 0; run < runsPerSample; run++) wallMs += await bootstrapOnce(contender, authority, place);
      return { wallMs: wallMs / runsPerSample, cpuMs: (endedChildrenCpuMs() - cpuStart) / runsPerSample };
    });
  } finally {
    await proxy?.close();
  }
}

/** The CA shares the client's core: what is measured has the other one for itself. */
async function withAuthority<Result>(
  side: Side,
  { cores }: Settings,
  use: (authority: RunningAuthority) => Promise<Result>,
): Promise<Result> {
  const authority = await createAuthority(side, 'none');
  try {
    const running = await startAuthority(authority, cores.client);
    try {
      return await use(running);
    } finally {
      await running.stop();
    }
  } finally {
    await authority.files.remove();
  }
}
