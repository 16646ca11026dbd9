/**
 * Our CA against the real step-ca, each on one core: with its own embedded database (SQLite, badger), without any, and
 * both on one PostgreSQL. Both answer only what is durable, so figures with a database move with the disk: rounds are
 * interleaved.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { SecureContext } from 'node:tls';
import {
  type Comparison,
  cheaperIsBetter,
  lessIsBetter,
  moreIsBetter,
  type Row,
  type Settings,
  type Table,
} from '../comparison.ts';
import { closedLoop, openLoop, type Sample } from '../load/loops.ts';
import { memoryOf } from '../measure/process-cost.ts';
import { interleave, medians, type Pair } from '../measure/rounds.ts';
import {
  type Connecting,
  type Crew,
  createSigning,
  enrolClient,
  renewers,
  type Signing,
  signers,
} from './operations.ts';
import { startDatabase } from './postgresql.ts';
import { createAuthority, type Database, forgetDatabase, type RunningAuthority, startAuthority } from './servers.ts';

export const caComparison: Comparison = {
  name: 'ca',
  summary: 'sign, renew, start and memory of the CA against the real step-ca, each with its embedded database',
  run: async (settings) => [await compare('embedded', settings)],
};

export const caAloneComparison: Comparison = {
  name: 'ca-alone',
  summary: 'the same of both without a database',
  run: async (settings) => [await compare('none', settings)],
};

export const caOnPostgresqlComparison: Comparison = {
  name: 'ca-postgresql',
  summary: 'the same of both on one PostgreSQL',
  async run(settings) {
    const database = await startDatabase(settings);
    try {
      return [await compare(database, settings)];
    } finally {
      await database.remove();
    }
  },
};

const nameOf = (database: Database): string =>
  database === 'embedded' ? 'embedded database (SQLite, badger)' : database === 'none' ? 'no database' : 'PostgreSQL';

const inFlight = 8;
/** Enough that an open loop never lacks one. */
const openLoopWorkers = 64;
/** More than either server signs in a second. */
const tokensPerSecond = 2500;

type Operation = 'sign' | 'renew';
type Contender = RunningAuthority & { readonly signing: Signing; readonly client: SecureContext };

/** Goals of the project, for throughput and for CPU alike. */
const goals: Readonly<Record<Operation, Readonly<Record<Connecting, number>>>> = {
  sign: { kept: 2.5, new: 1 },
  renew: { kept: 1.5, new: 1 },
};

async function compare(database: Database, settings: Settings): Promise<Table> {
  const { cores, progress } = settings;
  progress(`ca: ${nameOf(database)}`);
  const authorities = [await createAuthority('ours', database), await createAuthority('peer', database)] as const;
  try {
    const [starts, contenders] = await startBoth(authorities, settings);
    try {
      const idle = contenders.map(({ pid }) => memoryOf(pid).privateDirty) as [number, number];
      const rows: Row[] = [];
      for (const operation of ['sign', 'renew'] as const) {
        for (const connecting of ['kept', 'new'] as const) {
          rows.push(...(await compareLoad(contenders, operation, connecting, settings)));
        }
      }
      progress(`ca: ${settings.bulk} certificates each, for the memory`);
      for (const contender of contenders) await issue(contender, settings.bulk);
      const loaded = contenders.map(({ pid }) => memoryOf(pid).privateDirty) as [number, number];
      rows.push(
        lessIsBetter('start to /health', 'ms', starts),
        lessIsBetter('private dirty memory, idle', 'kB', idle),
        lessIsBetter(`private dirty memory after ${settings.bulk} more`, 'kB', loaded, 1),
      );
      return {
        title: `CA, ${nameOf(database)}`,
        ours: 'ours',
        peer: 'step-ca',
        rows,
        notes: [`server on core ${cores.server}, client on core ${cores.client}; ${inFlight} in flight`],
      };
    } finally {
      for (const contender of contenders) await contender.stop();
    }
  } finally {
    for (const { files } of authorities) await files.remove();
  }
}

type Authorities = Parameters<typeof startAuthority>[0];

/** Start times are medians; the last start of each stays up. */
async function startBoth(
  authorities: Pair<Authorities>,
  { rounds, cores }: Settings,
): Promise<[Pair<number>, Pair<Contender>]> {
  const starts = await interleave(authorities, rounds, async (authority) => {
    await forgetDatabase(authority);
    const running = await startAuthority(authority, cores.server);
    await running.stop();
    return running.startMs;
  });
  const [ours, peer] = await Promise.all(
    authorities.map(async (authority) => {
      const running = await startAuthority(authority, cores.server);
      const root = await readFile(join(authority.files.folder, 'certs', 'root_ca.crt'), 'utf8');
      return { ...running, signing: await createSigning(authority), client: await enrolClient(authority, root) };
    }),
  );
  if (!ours || !peer) throw new TypeError('two sides');
  return [medians(starts, (startMs) => startMs), [ours, peer]];
}

const hire = (contender: Contender, operation: Operation, count: number, connecting: Connecting): Promise<Crew> =>
  operation === 'sign'
    ? signers(contender, contender.signing, count, connecting)
    : renewers(contender, contender.client, count, connecting);

/** Throughput with 8 in flight, then, with kept connections, the time a client waits at half of what both can do. */
async function compareLoad(
  contenders: Pair<Contender>,
  operation: Operation,
  connecting: Connecting,
  settings: Settings,
): Promise<Row[]> {
  const { rounds, seconds, progress } = settings;
  const what = `${operation}, ${connecting === 'kept' ? 'keep-alive' : 'new connection each'}`;
  progress(`ca: ${what}`);
  const saturate = (forSeconds: number) => (contender: Contender) => {
    if (operation === 'sign') contender.signing.prepare(Math.ceil(tokensPerSecond * forSeconds));
    return withCrew(contender, operation, inFlight, connecting, (crew) =>
      closedLoop(contender.pid, crew.workers, forSeconds),
    );
  };
  await interleave(contenders, 1, saturate(Math.min(1, seconds))); // compiled code and filled caches count, on both sides
  const samples = await interleave(contenders, rounds, saturate(seconds));
  const perSecond = medians(samples, (sample) => sample.perSecond);
  const goal = goals[operation][connecting];
  const rows = [
    moreIsBetter(what, '1/s', perSecond, goal),
    cheaperIsBetter(
      `${what}, CPU`,
      'ms',
      medians(samples, (sample) => sample.cpuMsPerOperation),
      goal,
    ),
    lessIsBetter(
      `${what}, client busy`,
      '',
      medians(samples, (sample) => sample.clientBusy),
    ),
  ];
  if (connecting === 'new') return rows;
  const load = { perSecond: Math.min(...perSecond) / 2, seconds };
  const waits = await interleave(contenders, rounds, (contender) => {
    if (operation === 'sign') contender.signing.prepare(Math.ceil(load.perSecond * seconds));
    return withCrew(contender, operation, openLoopWorkers, connecting, (crew) =>
      openLoop(contender.pid, crew.workers, load),
    );
  });
  return [
    ...rows,
    lessIsBetter(
      `${what}, p50 at ${load.perSecond.toFixed(0)}/s`,
      'ms',
      medians(waits, ({ p50Ms }) => p50Ms),
    ),
    lessIsBetter(
      `${what}, p99 at ${load.perSecond.toFixed(0)}/s`,
      'ms',
      medians(waits, ({ p99Ms }) => p99Ms),
      1,
    ),
  ];
}

async function withCrew(
  contender: Contender,
  operation: Operation,
  count: number,
  connecting: Connecting,
  load: (crew: Crew) => Promise<Sample>,
): Promise<Sample> {
  const crew = await hire(contender, operation, count, connecting);
  try {
    return await load(crew);
  } finally {
    crew.close();
  }
}

async function issue(contender: Contender, count: number): Promise<void> {
  const crew = await hire(contender, 'sign', inFlight, 'kept');
  let left = count;
  await Promise.all(
    crew.workers.map(async (work) => {
      while (left-- > 0) await work();
    }),
  );
  crew.close();
}
