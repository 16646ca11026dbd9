/**
 * The way to a PostgreSQL server: a pool of connections that outlives the server. When the server is away, every question
 * fails at once, and one probe with back-off looks for its return: waiting requests would pile up, and all of them
 * knocking would keep it from coming up.
 */
import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import type { ConnectionOptions } from 'node:tls';
import type { Pool, PoolClient, PoolConfig } from 'pg';
import type { Logger } from '../../../lib/log/index.ts';
import { backoffMs } from '../../../lib/time/index.ts';
import { storeUnavailable, storeWrite } from '../errors.ts';
import type { Prepared } from '../prepared.ts';
import type { PostgresAddress } from './address.ts';

/** Enough for commits and reads of one busy replica; a server of 100 connections then bears ten replicas. */
const maxConnections = 10;
const connectTimeoutMs = 5_000;
/** No statement of a CA that serves takes a second; a server that says nothing for so long is away. */
const answerTimeoutMs = 15_000;
const idleTimeoutMs = 60_000;
const probePolicy = { firstMs: 100, maxMs: 5_000 };
/** A transaction that the server ended to untie it from another is simply done again. */
const maxAttempts = 4;

/** Runs statements on one connection, in a transaction. */
export type Session = {
  all<Input, Row>(query: Prepared<Input, Row>, input: Input): Promise<Row[]>;
  run<Row>(sql: string, parameters?: readonly unknown[]): Promise<Row[]>;
};

/**
 * Connects and asks for nothing yet. The module of the protocol is loaded only here.
 * @param patience `endless` for migrations and operators, whose statements take as long as the tables are large
 */
export async function openPool(
  address: PostgresAddress,
  ssl: ConnectionOptions | false,
  patience: 'serving' | 'endless',
): Promise<Pool> {
  const pg = await import('pg');
  const config: PoolConfig = {
    max: maxConnections,
    connectionTimeoutMillis: address.connectTimeoutMs ?? connectTimeoutMs,
    idleTimeoutMillis: idleTimeoutMs,
    ...(patience === 'serving' && { query_timeout: answerTimeoutMs }),
    keepAlive: true,
    application_name: address.applicationName ?? 'autocert-ca',
    ssl,
    onConnect: async (client) => {
      // A server set to answer before the disk has a commit would lose certificates that were answered.
      await client.query(durableSql);
    },
    types: {
      // 64-bit integers are times and counters: they fit a number, and pg would make texts of them
      getTypeParser: (type: number, format?: 'text' | 'binary') =>
        type === int8 ? Number : pg.types.getTypeParser(type, format as 'text'),
    },
    ...(address.host !== undefined && { host: address.host }),
    ...(address.port !== undefined && { port: address.port }),
    ...(address.user !== undefined && { user: address.user }),
    ...(address.password !== undefined && { password: address.password }),
    ...(address.database !== undefined && { database: address.database }),
    ...(address.options !== undefined && { options: address.options }),
  };
  const pool = new pg.Pool(config);
  pool.on('error', () => {}); // of a connection that nobody uses: the pool has dropped it
  return pool;
}

const int8 = 20;
const durableSql =
  "select set_config('synchronous_commit', 'on', false) where current_setting('synchronous_commit') = 'off'";

/** @throws {Error} for a file that cannot be read */
export async function loadSsl({ ssl }: PostgresAddress): Promise<ConnectionOptions | false> {
  if (ssl.mode === 'disable') return false;
  const read = async (path: string | undefined) => (path === undefined ? undefined : await readFile(path, 'utf8'));
  const [ca, cert, key] = [await read(ssl.rootCertificate), await read(ssl.certificate), await read(ssl.key)];
  return {
    ...(ca !== undefined && { ca }),
    ...(cert !== undefined && { cert }),
    ...(key !== undefined && { key }),
    rejectUnauthorized: ssl.mode.startsWith('verify'),
    ...(ssl.mode === 'verify-ca' && { checkServerIdentity: () => undefined }),
  };
}

export class PostgresConnection {
  readonly #pool: Pool;
  readonly #logger: Logger | undefined;
  readonly #closing = new AbortController();
  readonly #names = new Map<string, string>();
  #outage: unknown;
  #probing: Promise<void> | undefined;

  constructor(pool: Pool, logger: Logger | undefined) {
    this.#pool = pool;
    this.#logger = logger;
  }

  ready(): boolean {
    return this.#outage === undefined;
  }

  /** One statement by itself; a query that changes something has committed when this resolves. */
  async all<Input, Row>(query: Prepared<Input, Row>, input: Input): Promise<Row[]> {
    return this.#attempt(() => this.#ask<Row>(this.#pool, query.sql, query.bind(input), true));
  }

  /** A statement that is not asked often. */
  async run<Row>(sql: string, parameters: readonly unknown[] = []): Promise<Row[]> {
    return this.#attempt(() => this.#ask<Row>(this.#pool, sql, [...parameters], false));
  }

  /** @param begin such as `begin isolation level repeatable read read only` */
  transaction<Result>(work: (session: Session) => Promise<Result>, begin = 'begin'): Promise<Result> {
    return this.#attempt(async () => {
      const client = await this.#pool.connect().catch(failed);
      const session: Session = {
        all: (query, input) => this.#ask(client, query.sql, query.bind(input), true),
        run: (sql, parameters = []) => this.#ask(client, sql, [...parameters], false),
      };
      let broken = false;
      try {
        await session.run(begin);
        const result = await work(session);
        await session.run('commit');
        return result;
      } catch (error) {
        // where it cannot be rolled back its connection is gone, and the transaction with it
        await session.run('rollback').catch(() => {
          broken = true;
        });
        throw error;
      } finally {
        client.release(broken);
      }
    });
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.#probing;
    await this.#pool.end();
  }

  async #ask<Row>(on: Pool | PoolClient, text: string, values: unknown[], named: boolean): Promise<Row[]> {
    const query = named ? { name: this.#nameOf(text), text, values } : { text, values };
    const result = await on.query(query).catch(failed);
    return result.rows as Row[];
  }

  /** A named statement is parsed and planned once for each connection. */
  #nameOf(sql: string): string {
    const name = this.#names.get(sql) ?? `autocert_${this.#names.size}`;
    this.#names.set(sql, name);
    return name;
  }

  async #attempt<Result>(work: () => Promise<Result>): Promise<Result> {
    for (let attempt = 1; ; attempt++) {
      if (this.#outage !== undefined) throw storeUnavailable(this.#outage);
      try {
        return await work();
      } catch (error) {
        if (!(error instanceof DatabaseFailure)) throw error; // of the work itself
        const { cause } = error;
        const state = stateOf(cause);
        if (untied.has(state ?? '') && attempt < maxAttempts) continue;
        if (state === undefined || outage.test(state)) this.#beginOutage(cause);
        throw state === undefined || temporary.test(state) ? storeUnavailable(cause) : storeWrite(cause);
      }
    }
  }

  #beginOutage(cause: unknown): void {
    if (this.#outage !== undefined || this.#closing.signal.aborted) return;
    this.#outage = cause;
    this.#logger?.error('database away', { error: cause });
    this.#probing = this.#probe();
  }

  async #probe(): Promise<void> {
    const { signal } = this.#closing;
    for (let attempt = 0; !signal.aborted; attempt++) {
      try {
        await this.#pool.query('select 1');
        this.#outage = undefined;
        this.#logger?.info('database back');
        return;
      } catch (error) {
        this.#outage = error;
        await delay(backoffMs(probePolicy, attempt, Math.random()), undefined, { signal }).catch(() => {});
      }
    }
  }
}

/** Tells what the database did from what the work of a transaction did. */
class DatabaseFailure extends Error {}

function failed(cause: unknown): never {
  throw new DatabaseFailure('', { cause });
}

/** What the server calls an error; undefined when it did not come from a server. */
function stateOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('severity' in error) || !('code' in error)) return undefined;
  return String(error.code);
}

/** Serialization failure, deadlock: nothing of the transaction has happened. */
const untied: ReadonlySet<string> = new Set(['40001', '40P01']);

/** The server shuts down or starts, takes no more connections, or has become a standby. */
const outage = /^(08|57P0[1-4]|53300|25006)/;

/** Outages, and what the same question may not meet again: resources, interventions, locks. */
const temporary = /^(08|25006|40|53|55P03|57|58)/;
