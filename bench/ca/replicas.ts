/**
 * Three of our CA on one PostgreSQL against one alone, all on both cores beside the database and the client: what sharing
 * costs. What three machines gain cannot be seen on one.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { createSecureContext } from 'node:tls';
import { freePort } from '../../test/peers/ports.ts';
import {
  type Comparison,
  cheaperIsBetter,
  lessIsBetter,
  moreIsBetter,
  type Row,
  type Settings,
  type Table,
} from '../comparison.ts';
import { closedLoop } from '../load/loops.ts';
import { interleave, medians, type Pair } from '../measure/rounds.ts';
import { type Crew, createSigning, enrolClient, renewers, type Signing, signers } from './operations.ts';
import { startDatabase } from './postgresql.ts';
import { type Authority, createAuthority, type RunningAuthority, startAuthority } from './servers.ts';

export const replicasComparison: Comparison = {
  name: 'ca-replicas',
  summary: 'three replicas of the CA on one PostgreSQL against one',
  async run(settings) {
    const database = await startDatabase(settings);
    try {
      const authority = await createAuthority('ours', database);
      try {
        return [await compare(authority, settings)];
      } finally {
        await authority.files.remove();
      }
    } finally {
      await database.remove();
    }
  },
};

const replicaCount = 3;
const inFlight = 24;
/** More than all of them sign in a second. */
const tokensPerSecond = 2500;

type Replica = RunningAuthority & { readonly signing: Signing };
type Client = ReturnType<typeof createSecureContext>;

async function compare(authority: Authority, settings: Settings): Promise<Table> {
  const { cores, progress } = settings;
  const replicas: Replica[] = [];
  try {
    for (let index = 0; index < replicaCount; index++) {
      const replica = index === 0 ? authority : await replicaOf(authority, index);
      const running = await startAuthority(replica, [cores.server, cores.client]);
      replicas.push({ ...running, signing: await createSigning(replica) });
    }
    const root = await readFile(join(authority.files.folder, 'certs', 'root_ca.crt'), 'utf8');
    const client = await enrolClient(authority, root);
    const rows: Row[] = [];
    for (const operation of ['sign', 'renew'] as const) {
      progress(`ca-replicas: ${operation}`);
      rows.push(...(await compareLoad(replicas, operation, client, settings)));
    }
    return {
      title: 'CA, replicas on one PostgreSQL',
      ours: `${replicaCount} replicas`,
      peer: '1 replica',
      rows,
      notes: [`everything on cores ${cores.server} and ${cores.client}; ${inFlight} in flight`],
    };
  } finally {
    for (const replica of replicas) await replica.stop();
  }
}

/** The same files and database, on a port of its own. */
async function replicaOf(authority: Authority, index: number): Promise<Authority> {
  const port = await freePort();
  const config = JSON.parse(await readFile(authority.files.configPath, 'utf8')) as { address: string };
  const configPath = join(authority.files.folder, 'config', `replica-${index}.json`);
  await writeFile(configPath, JSON.stringify({ ...config, address: `127.0.0.1:${port}` }));
  return { ...authority, files: { ...authority.files, configPath }, port, target: { ...authority.target, port } };
}

async function compareLoad(
  replicas: readonly Replica[],
  operation: 'sign' | 'renew',
  client: Client,
  { rounds, seconds }: Settings,
): Promise<Row[]> {
  const load = (forSeconds: number) => async (side: readonly Replica[]) => {
    const crews = await Promise.all(side.map((replica) => hire(replica, operation, client, side.length, forSeconds)));
    try {
      const workers = crews.flatMap((crew) => crew.workers);
      return await closedLoop(
        side.map(({ pid }) => pid),
        workers,
        forSeconds,
      );
    } finally {
      for (const crew of crews) crew.close();
    }
  };
  const sides: Pair<readonly Replica[]> = [replicas, replicas.slice(0, 1)];
  await interleave(sides, 1, load(Math.min(1, seconds)));
  const samples = await interleave(sides, rounds, load(seconds));
  return [
    moreIsBetter(
      operation,
      '1/s',
      medians(samples, ({ perSecond }) => perSecond),
    ),
    cheaperIsBetter(
      `${operation}, CPU`,
      'ms',
      medians(samples, (sample) => sample.cpuMsPerOperation),
    ),
    lessIsBetter(
      `${operation}, p99`,
      'ms',
      medians(samples, ({ p99Ms }) => p99Ms),
    ),
  ];
}

function hire(
  replica: Replica,
  operation: 'sign' | 'renew',
  client: Client,
  among: number,
  forSeconds: number,
): Promise<Crew> {
  if (operation === 'renew') return renewers(replica, client, inFlight / among, 'kept');
  replica.signing.prepare(Math.ceil((tokensPerSecond * forSeconds) / among));
  return signers(replica, replica.signing, inFlight / among, 'kept');
}
