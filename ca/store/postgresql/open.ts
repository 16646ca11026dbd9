/**
 * Opening a PostgreSQL database: connect, make the database if it is missing (step-ca does), bring the tables up to date
 * while every other replica that starts waits.
 */

import { setTimeout as delay } from 'node:timers/promises';
import type { ConnectionOptions } from 'node:tls';
import {
  DummyDriver,
  Kysely,
  PostgresAdapter,
  PostgresDialect,
  PostgresIntrospector,
  type PostgresPool,
  PostgresQueryCompiler,
} from 'kysely';
import type { Pool, PoolClient } from 'pg';
import { isAppError } from '../../../lib/errors/index.ts';
import type { Logger } from '../../../lib/log/index.ts';
import { storeConnect } from '../errors.ts';
import { migrate, requireSchemaVersion } from '../migrations.ts';
import { type CaTables, postgresTypes } from '../schema.ts';
import { type PostgresAddress, parsePostgresAddress } from './address.ts';
import { loadSsl, openPool, PostgresConnection } from './connection.ts';
import { PostgresStore } from './store.ts';

export type PostgresOptions = {
  /** False for a program that looks at the database of a CA: it makes and changes nothing. */
  readonly migrate?: boolean;
  readonly logger?: Logger | undefined;
};

/**
 * @throws {AppError} ERR_CA_STORE_ADDRESS, ERR_CA_STORE_NEWER, ERR_CA_STORE_OUTDATED (invalid), ERR_CA_STORE_CONNECT
 *   (unavailable)
 */
export async function openPostgresStore(
  dataSource: string,
  database: string | undefined,
  { migrate: mayChange = true, logger }: PostgresOptions = {},
): Promise<PostgresStore> {
  const address = parsePostgresAddress(dataSource, database, process.env.PGSSLMODE);
  const pools: Pool[] = [];
  try {
    const { pool, ssl } = await connect(address, mayChange);
    pools.push(pool);
    const client = await pool.connect();
    try {
      if (mayChange) await migrateAlone(client);
      else await requireSchemaVersion(queriesOn(client));
    } finally {
      client.release();
    }
    if (!mayChange) return new PostgresStore(new PostgresConnection(pool, logger), buildQueries());
    const serving = await openPool(address, ssl, 'serving');
    pools.push(serving);
    await serving.query('select 1'); // so that the first request does not wait for a connection
    await pool.end();
    return new PostgresStore(new PostgresConnection(serving, logger), buildQueries());
  } catch (cause) {
    await Promise.all(pools.filter((pool) => !pool.ended).map((pool) => pool.end()));
    throw isAppError(cause) ? cause : storeConnect(nameOf(address), cause);
  }
}

/** Where it is, for people: no user, no password. */
const nameOf = ({ host, port, database }: PostgresAddress): string =>
  `${database ?? '(default)'} on ${host ?? 'localhost'}${port === undefined ? '' : `:${port}`}`;

const maxCreations = 20;

/** A pool that has answered once, and the TLS that the server took. */
async function connect(
  address: PostgresAddress,
  mayCreate: boolean,
): Promise<{ readonly pool: Pool; readonly ssl: ConnectionOptions | false }> {
  let ssl = await loadSsl(address);
  for (let attempt = 0; ; attempt++) {
    const pool = await openPool(address, ssl, 'endless');
    try {
      await pool.query('select 1');
      return { pool, ssl };
    } catch (error) {
      await pool.end();
      if (ssl && address.ssl.mode === 'prefer' && offersNoTls(error)) ssl = false;
      else if (mayCreate && attempt < maxCreations && hasState(error, 'missing')) await createDatabase(address, ssl);
      else throw error;
    }
  }
}

/** pg's words; it has no code for it. */
const offersNoTls = (error: unknown): boolean =>
  error instanceof Error && error.message === 'The server does not support SSL connections';

const states = {
  missing: ['3D000'],
  /** It exists, another replica is making it, or holds the template that it is made from. */
  raced: ['42P04', '23505', '55006'],
} as const;

const hasState = (error: unknown, kind: keyof typeof states): boolean =>
  error instanceof Error && 'code' in error && states[kind].some((state) => state === error.code);

async function createDatabase(address: PostgresAddress, ssl: ConnectionOptions | false): Promise<void> {
  const name = address.database ?? address.user ?? process.env.PGDATABASE ?? process.env.PGUSER ?? '';
  // A new database is a copy of template1, which nobody may use meanwhile: replicas that start together would keep
  // each other from it. It is the place to ask only where there is no other.
  for (const database of ['postgres', 'template1']) {
    const pool = await openPool({ ...address, database }, ssl, 'endless');
    try {
      await pool.query(`create database "${name.replaceAll('"', '""')}"`);
    } catch (error) {
      if (database === 'postgres' && hasState(error, 'missing')) continue;
      if (!hasState(error, 'raced')) throw error;
    } finally {
      await pool.end();
    }
    break;
  }
  await delay(50 + 150 * Math.random()); // so that replicas that start together do not stay in each other's way
}

/** Any number that no other program uses for an advisory lock of this database. */
const migrationLock = '0x6175746f63657274'; // "autocert"

/** The lock ends with the transaction, also when this process does. */
async function migrateAlone(client: PoolClient): Promise<void> {
  await client.query('begin');
  try {
    await client.query('select pg_advisory_xact_lock($1)', [BigInt(migrationLock).toString()]);
    await migrate(queriesOn(client), postgresTypes);
    await client.query('commit');
  } catch (error) {
    await client.query('rollback').catch(() => {}); // the first error says more
    throw error;
  }
}

/** kysely on one connection, inside whatever transaction it is in. */
function queriesOn(client: PoolClient): Kysely<CaTables> {
  const one = {
    query: client.query.bind(client),
    release: () => {},
  };
  const pool = { connect: async () => one, end: async () => {} } as unknown as PostgresPool;
  return new Kysely<CaTables>({ dialect: new PostgresDialect({ pool }) });
}

/** kysely that makes the texts of queries and runs none. */
const buildQueries = (): Kysely<CaTables> =>
  new Kysely<CaTables>({
    dialect: {
      createAdapter: () => new PostgresAdapter(),
      createDriver: () => new DummyDriver(),
      createIntrospector: (database) => new PostgresIntrospector(database),
      createQueryCompiler: () => new PostgresQueryCompiler(),
    },
  });
