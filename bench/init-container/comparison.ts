/**
 * From the start of the process to the three files: our init container against upstream's script with the real step,
 * each at the real step-ca and at our CA, on loopback and with a round trip of 5 ms in between.
 */

import { createAuthority, type RunningAuthority, type Side, startAuthority } from '../ca/servers.ts';
import { type Comparison, lessIsBetter, type Row, type Settings, type Table } from '../comparison.ts';
import { endedChildrenCpuMs } from '../measure/children-cost.ts';
import { interleave, medians, type Pair } from '../measure/rounds.ts';
import { bootstrapOnce, type Contender, emptyStarts, upstreamScript } from './contenders.ts';
import { startDelayProxy } from './delay-proxy.ts';
import { type WaysToStart, waysToStart } from './starts.ts';

export const initContainerComparison: Comparison = {
  name: 'init-container',
  summary: 'start to files of the init container against upstream’s script with the real step',
  async run(settings) {
    const ways = await waysToStart();
    return [...(await comparePlaces(ways.shipped, settings)), ...(await compareStarts(ways, settings))];
  },
};

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
          rows.push(...rowsOf(place, samples, 1));
        }
        return { title: `Init container, ${caNames[side]}`, ours: 'ours', peer: 'script', rows };
      }),
    );
  }
  return tables;
}

/** Each against the plain start; a goal is not set, the table shows what is worth having. */
function compareStarts({ plain, others }: WaysToStart, settings: Settings): Promise<Table[]> {
  return withAuthority('ours', settings, async (authority) => {
    const rows: Row[] = [];
    for (const way of others) {
      settings.progress(`init-container: ${way.name}`);
      rows.push(...rowsOf(way.name, await measure([way, plain], authority, false, settings)));
    }
    settings.progress('init-container: the runtimes alone');
    const empty = rowsOf('start and end', await measure(emptyStarts(), authority, false, settings));
    return [
      { title: 'Init container, ways to start it', ours: 'this way', peer: plain.name, rows },
      { title: 'Init container, the runtimes alone', ours: 'Node', peer: 'step', rows: empty },
    ];
  });
}

const rowsOf = (what: string, samples: Pair<Sample[]>, goal?: number): Row[] => [
  lessIsBetter(
    `${what}, wall`,
    'ms',
    medians(samples, ({ wallMs }) => wallMs),
    goal,
  ),
  lessIsBetter(
    `${what}, CPU`,
    'ms',
    medians(samples, ({ cpuMs }) => cpuMs),
    goal,
  ),
];

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
