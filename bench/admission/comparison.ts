/**
 * Our webhook against the lower bound of Go: reviews of 2 and 8 kB, one and eight in flight, both token modes. The
 * Kubernetes API behind `secret` mode is a fake that says yes at once, on the client's core.
 */
import { createAuthority } from '../../test/integration/webhook-authority.ts';
import {
  type Comparison,
  cheaperIsBetter,
  lessIsBetter,
  moreIsBetter,
  type Row,
  type Settings,
  type Table,
} from '../comparison.ts';
import { type Connection, openConnection } from '../load/connection.ts';
import { closedLoop, type Sample, type Worker } from '../load/loops.ts';
import { memoryOf } from '../measure/process-cost.ts';
import { interleave, medians, type Pair } from '../measure/rounds.ts';
import { type Contender, startGo, startOurs, startYesKubernetes, type TokenMode } from './contenders.ts';
import { mutateRequest, reviewOfSize } from './reviews.ts';

/** Upstream's controller, which cannot be had as a module: its record on a machine such as this, one core. */
const upstream = { perSecond: 550, p99Ms: 7.7 };

export const admissionComparison: Comparison = {
  name: 'admission',
  summary: 'reviews of the webhook against a minimal one in Go',
  async run(settings) {
    const authority = await createAuthority('step-ca');
    const kubernetes = await startYesKubernetes();
    try {
      await authority.start();
      const tables: Table[] = [];
      for (const mode of ['service-account', 'secret'] as const) {
        const ours = await startOurs(authority, kubernetes, mode, settings.cores.server);
        try {
          const go = await startGo(await patchOf(ours), kubernetes, mode, settings.cores.server);
          try {
            tables.push(...(await compareMode([ours, go], mode, settings)));
          } finally {
            await go.stop();
          }
        } finally {
          await ours.stop();
        }
      }
      return tables;
    } finally {
      await kubernetes.stop();
      await authority.remove();
    }
  },
};

/** Part of what the minimal webhook manages. */
const lowerBoundShare = 0.8;
/** After by before; the collector's timing is part of it. */
const flat = 1.1;

const sizes = { '2 kB': 2000, '8 kB': 8000 };

async function compareMode(contenders: Pair<Contender>, mode: TokenMode, settings: Settings): Promise<Table[]> {
  const { cores } = settings;
  const rows: Row[] = [];
  const beside: Row[] = [];
  for (const [size, bytes] of Object.entries(sizes)) {
    const request = mutateRequest(reviewOfSize(bytes));
    for (const inFlight of [1, 8]) {
      settings.progress(`admission: ${mode}, ${size}, ${inFlight} in flight`);
      const [ours, peer] = await measure(contenders, inFlight, request, settings);
      rows.push(...rowsOf(`${size}, ${inFlight} in flight`, inFlight, [ours, peer]));
      if (mode !== 'service-account' || size !== '2 kB') continue;
      beside.push(
        inFlight === 8
          ? moreIsBetter(`${size}, 8 in flight`, '1/s', [ours.perSecond, upstream.perSecond], 2)
          : lessIsBetter(`${size}, 1 in flight, p99`, 'ms', [ours.p99Ms, upstream.p99Ms], 1),
      );
    }
  }
  const speed: Table = {
    title: `Admission, mode ${mode}`,
    ours: 'ours',
    peer: 'minimal Go',
    rows,
    notes: [`server on core ${cores.server}, client on core ${cores.client}; events and log on, as by default`],
  };
  const record: Table = { title: 'Admission, a record of another run', ours: 'ours', peer: 'upstream', rows: beside };
  const memory = await compareMemory(contenders, mode, settings);
  return beside.length === 0 ? [speed, memory] : [speed, record, memory];
}

async function measure(
  contenders: Pair<Contender>,
  inFlight: number,
  request: Buffer,
  { rounds, seconds }: Settings,
): Promise<Pair<Sample>> {
  const load = (forSeconds: number) => (contender: Contender) =>
    withCrew(contender, inFlight, request, (workers) => closedLoop(contender.pid, workers, forSeconds));
  await interleave(contenders, 1, load(Math.min(2, seconds))); // compiled code counts
  const samples = await interleave(contenders, rounds, load(seconds));
  const pick = (name: keyof Sample): Pair<number> => medians(samples, (sample) => sample[name]);
  const [perSecond, cpu, p50, p99, busy] = [
    pick('perSecond'),
    pick('cpuMsPerOperation'),
    pick('p50Ms'),
    pick('p99Ms'),
    pick('clientBusy'),
  ];
  const side = (index: 0 | 1): Sample => ({
    perSecond: perSecond[index],
    cpuMsPerOperation: cpu[index],
    p50Ms: p50[index],
    p99Ms: p99[index],
    clientBusy: busy[index],
  });
  return [side(0), side(1)];
}

function rowsOf(what: string, inFlight: number, [ours, peer]: Pair<Sample>): Row[] {
  const goal = inFlight === 8 ? lowerBoundShare : undefined;
  return [
    moreIsBetter(what, '1/s', [ours.perSecond, peer.perSecond], goal),
    cheaperIsBetter(`${what}, CPU`, 'ms', [ours.cpuMsPerOperation, peer.cpuMsPerOperation], goal),
    lessIsBetter(`${what}, p50`, 'ms', [ours.p50Ms, peer.p50Ms]),
    lessIsBetter(`${what}, p99`, 'ms', [ours.p99Ms, peer.p99Ms]),
    lessIsBetter(`${what}, client busy`, '', [ours.clientBusy, peer.clientBusy]),
  ];
}

/** What either holds after many reviews beside what it held before them. */
async function compareMemory(
  contenders: Pair<Contender>,
  mode: TokenMode,
  { bulk, progress }: Settings,
): Promise<Table> {
  const rows: Row[] = [];
  for (const [index, contender] of contenders.entries()) {
    progress(`admission: ${mode}, ${bulk} reviews of ${index === 0 ? 'ours' : 'the peer'}, for the memory`);
    const before = memoryOf(contender.pid);
    await admit(contender, bulk);
    const after = memoryOf(contender.pid);
    const name = index === 0 ? 'ours' : 'minimal Go';
    rows.push(
      lessIsBetter(`${name}, RSS`, 'kB', [after.rss, before.rss], index === 0 ? flat : undefined),
      lessIsBetter(`${name}, private dirty`, 'kB', [after.privateDirty, before.privateDirty]),
    );
  }
  return { title: `Memory over ${bulk} reviews, mode ${mode}`, ours: 'after', peer: 'before', rows };
}

async function withCrew<Result>(
  { target }: Contender,
  count: number,
  request: Buffer,
  load: (workers: readonly Worker[]) => Promise<Result>,
): Promise<Result> {
  const connections = await Promise.all(Array.from({ length: count }, () => openConnection(target)));
  try {
    return await load(connections.map((connection) => () => admitOne(connection, request)));
  } finally {
    for (const connection of connections) connection.close();
  }
}

/** An answer without a patch would make a server look fast. */
async function admitOne(connection: Connection, request: Buffer): Promise<void> {
  const { status, body } = await connection.exchange(request);
  if (status !== 200 || !body.includes('"patch"')) throw new Error(`answered ${status}: ${body.toString()}`);
}

async function admit(contender: Contender, count: number): Promise<void> {
  let left = count;
  await withCrew(contender, 8, mutateRequest(reviewOfSize(sizes['2 kB'])), (workers) =>
    Promise.all(
      workers.map(async (work) => {
        while (left-- > 0) await work();
      }),
    ),
  );
}

/** What ours answers to the smaller review, as JSON. */
async function patchOf({ target }: Contender): Promise<string> {
  const connection = await openConnection(target);
  const { body } = await connection.exchange(mutateRequest(reviewOfSize(sizes['2 kB'])));
  connection.close();
  const { response } = JSON.parse(body.toString()) as { response: { patch: string } };
  return Buffer.from(response.patch, 'base64').toString();
}
