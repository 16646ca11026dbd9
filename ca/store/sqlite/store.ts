/**
 * The CA's memory in one SQLite file: write-ahead log, every change on the disk before it counts, commits shared.
 * Several processes may open the same file; the unique keys decide between them.
 *
 * A transaction runs from begin to commit without giving way, so that nothing of another one gets in between: there is
 * one connection.
 */
import { accessSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type CompiledQuery, Kysely, SqliteDialect } from 'kysely';
import { isAppError } from '../../../lib/errors/index.ts';
import type {
  CertificateRecord,
  CertificateStore,
  ProvisionerRecord,
  PruneOutcome,
  PruneRequest,
  Revocation,
  RevocationList,
  RevokedEntry,
  TokenOutcome,
  TokenUse,
} from '../../authority/ports.ts';
import type {
  BackupRow,
  BackupTable,
  CertificateArchive,
  CertificateDetails,
  CertificateFilter,
  CertificatePage,
  PageKey,
  ReadPage,
} from '../../operations/ports.ts';
import { ArchiveQueries, type RunQuery } from '../archive.ts';
import { storeFailed, storeOpen, storeWrite } from '../errors.ts';
import { GroupCommit, type Outcome } from '../group-commit.ts';
import { migrate, requireSchemaVersion } from '../migrations.ts';
import type { Prepared } from '../prepared.ts';
import {
  buildCoreQueries,
  type CoreQueries,
  listId,
  toCertificateRow,
  toList,
  toListRow,
  toProvisioner,
  toRevocationRow,
  toRevokedEntry,
  toTokenRow,
} from '../queries.ts';
import { type CaTables, sqliteTypes } from '../schema.ts';
import { GuardedDatabase } from './bind-guard.ts';
import { WalSync } from './wal-sync.ts';

export type SqliteOptions = {
  /** False for a program that looks at the database of a CA: it changes no table. */
  readonly migrate?: boolean;
  /** fdatasync, unless a test breaks it. */
  readonly sync?: (file: number) => Promise<void>;
};

/**
 * Pages of the write-ahead log before they are moved into the file, which stops this process for some ten milliseconds:
 * 32 MB in place of SQLite's 4 MB. Measured under load, that takes a third of the time, since pages that many commits
 * change are moved once.
 */
const checkpointPages = 8000;

/** How long another process may hold the file. */
const busyTimeoutMs = 5000;

/**
 * Opens or makes the file and brings its tables up to date.
 * @throws {AppError} ERR_CA_STORE_OPEN (unavailable), ERR_CA_STORE_NEWER, ERR_CA_STORE_OUTDATED (invalid)
 */
export async function openSqliteStore(path: string, options: SqliteOptions = {}): Promise<SqliteStore> {
  let file: DatabaseSync | undefined;
  try {
    if (options.migrate ?? true) mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    else accessSync(path); // it would be made
    file = new DatabaseSync(path, { timeout: busyTimeoutMs });
    // NORMAL: the store itself waits for the disk, see wal-sync.ts
    file.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON');
    file.exec(`PRAGMA wal_autocheckpoint = ${checkpointPages}`);
    const guarded = new GuardedDatabase(file);
    const database = new Kysely<CaTables>({ dialect: new SqliteDialect({ database: guarded }) });
    if (options.migrate ?? true) await migrateInTurn(file, database);
    else await requireSchemaVersion(database);
    return new SqliteStore(file, guarded, database, new WalSync(`${path}-wal`, options.sync));
  } catch (cause) {
    if (file?.isOpen) file.close();
    throw isAppError(cause) ? cause : storeOpen(path, cause);
  }
}

let turn: Promise<unknown> = Promise.resolve();

/** Two in one process go one after the other: waiting for the file's lock stops the event loop that releases it. */
function migrateInTurn(file: DatabaseSync, database: Kysely<CaTables>): Promise<void> {
  const mine = turn.then(() => migrateAlone(file, database));
  turn = mine.catch(() => {}); // told to its caller
  return mine;
}

/** One process at a time: the others wait for the lock and then find the work done. */
async function migrateAlone(file: DatabaseSync, database: Kysely<CaTables>): Promise<void> {
  file.exec('BEGIN IMMEDIATE');
  try {
    const old = file.prepare("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'kysely_migration'").get();
    await migrate(database, sqliteTypes, old ? 1 : 0);
    file.exec('COMMIT');
  } catch (error) {
    if (file.isTransaction) file.exec('ROLLBACK');
    throw error;
  }
}

const limits = { maxChanges: 256, maxCommits: Number.POSITIVE_INFINITY };

export class SqliteStore implements CertificateStore, CertificateArchive {
  readonly persistent = true;
  readonly #file: DatabaseSync;
  readonly #guarded: GuardedDatabase;
  readonly #database: Kysely<CaTables>;
  readonly #queries: CoreQueries;
  readonly #log: WalSync;
  readonly #commits: GroupCommit<() => unknown>;
  readonly #archive: ArchiveQueries;
  #failure: unknown;

  /** Use {@link openSqliteStore}. */
  constructor(file: DatabaseSync, guarded: GuardedDatabase, database: Kysely<CaTables>, log: WalSync) {
    this.#file = file;
    this.#guarded = guarded;
    this.#database = database;
    this.#queries = buildCoreQueries(database);
    this.#log = log;
    this.#commits = new GroupCommit((changes) => this.#commit(changes), limits);
    this.#archive = new ArchiveQueries(database);
  }

  ready(): boolean {
    return this.#failure === undefined;
  }

  useToken<Result>(
    token: TokenUse,
    issue: () => { readonly result: Result; readonly certificate?: CertificateRecord },
  ): Promise<TokenOutcome<Result>> {
    const row = toTokenRow(token);
    return this.#change(() => {
      if (!this.#first(this.#queries.takeToken, row)) return { kind: 'reused' };
      const { result, certificate } = issue();
      if (certificate) this.#insert(certificate);
      return { kind: 'used', result };
    });
  }

  addCertificate(certificate: CertificateRecord): Promise<void> {
    return this.#change(() => this.#insert(certificate));
  }

  async findProvisioner(serial: string): Promise<ProvisionerRecord | undefined> {
    return toProvisioner(this.#first(this.#queries.provisioner, { serial }));
  }

  async findCertificate(serial: string): Promise<Uint8Array | undefined> {
    return this.#first(this.#queries.der, { serial })?.der;
  }

  async isRevoked(serial: string): Promise<boolean> {
    return this.#first(this.#queries.revoked, { serial }) !== undefined;
  }

  revoke(revocation: Revocation): Promise<boolean> {
    return this.#change(() => this.#first(this.#queries.revoke, toRevocationRow(revocation)) !== undefined);
  }

  async findRevocationList(): Promise<RevocationList | undefined> {
    return toList(this.#first(this.#queries.list, { id: listId }));
  }

  updateRevocationList(
    endedBefore: number,
    build: (current: RevocationList | undefined, revoked: readonly RevokedEntry[]) => RevocationList | undefined,
  ): Promise<RevocationList | undefined> {
    return this.#change(() => {
      const current = toList(this.#first(this.#queries.list, { id: listId }));
      const next = build(current, this.#all(this.#queries.revokedList, { endedBefore }).map(toRevokedEntry));
      if (next === undefined) return current;
      this.#all(this.#queries.replaceList, toListRow(next));
      return next;
    });
  }

  prune({ tokensEndedBefore, certificatesEndedBefore, limit }: PruneRequest): Promise<PruneOutcome> {
    const { pruneTokens, pruneCertificates } = this.#queries;
    return this.#change(() => ({
      kind: 'pruned',
      tokens: this.#all(pruneTokens, { endedBefore: tokensEndedBefore, limit }).length,
      certificates:
        certificatesEndedBefore === undefined
          ? 0
          : this.#all(pruneCertificates, { endedBefore: certificatesEndedBefore, limit }).length,
    }));
  }

  listCertificates(
    filter: CertificateFilter,
    now: number,
    after: PageKey | undefined,
    limit: number,
  ): Promise<CertificatePage> {
    return this.#archive.list(this.#run, filter, now, after, limit);
  }

  findDetails(serial: string): Promise<CertificateDetails | undefined> {
    return this.#archive.details(this.#run, serial);
  }

  /** On a connection of its own, whose transaction stays where it began while this one goes on. */
  async readSnapshot<Result>(use: (read: ReadPage) => Promise<Result>): Promise<Result> {
    const file = new DatabaseSync(this.#file.location() ?? '', { readOnly: true, timeout: busyTimeoutMs });
    const guarded = new GuardedDatabase(file);
    try {
      file.exec('BEGIN');
      return await use(async (table, after, limit) => {
        const { sql, parameters } = this.#archive.page(table, after, limit);
        return guarded.prepare(sql).all(parameters) as BackupRow[];
      });
    } finally {
      guarded.close();
    }
  }

  mergeRows(table: BackupTable, rows: readonly BackupRow[]): Promise<number> {
    if (rows.length === 0) return Promise.resolve(0);
    const { sql, parameters } = this.#archive.merge(table, rows);
    return this.#change(() => this.#guarded.prepare(sql).all(parameters).length);
  }

  readonly #run: RunQuery = async <Row>({ sql, parameters }: CompiledQuery<Row>) =>
    this.#guarded.prepare(sql).all(parameters) as Row[];

  async close(): Promise<void> {
    await this.#commits.idle();
    await this.#log.close();
    await this.#database.destroy();
  }

  #change<Result>(change: () => Result): Promise<Result> {
    return this.#commits.add(change);
  }

  async #commit(changes: readonly (() => unknown)[]): Promise<Outcome[]> {
    if (this.#failure !== undefined) throw storeFailed(this.#failure);
    const outcomes = this.#transact(changes);
    try {
      await this.#log.flush();
    } catch (cause) {
      this.#failure ??= cause;
      throw storeFailed(cause);
    }
    return outcomes;
  }

  #transact(changes: readonly (() => unknown)[]): Outcome[] {
    try {
      this.#file.exec('BEGIN IMMEDIATE');
      const outcomes = changes.map((change): Outcome => {
        try {
          return { value: change() };
        } catch (error) {
          // a full disk ends the transaction; a refused change does not, and the others go on
          if (!this.#file.isTransaction) throw error;
          return { error };
        }
      });
      this.#file.exec('COMMIT');
      return outcomes;
    } catch (cause) {
      if (this.#file.isTransaction) this.#file.exec('ROLLBACK');
      throw storeWrite(cause);
    }
  }

  #insert(certificate: CertificateRecord): void {
    if (!this.#first(this.#queries.addCertificate, toCertificateRow(certificate))) {
      throw storeWrite(new TypeError(`the serial number ${certificate.serial} is taken`));
    }
  }

  #first<Input, Row>(query: Prepared<Input, Row>, input: Input): Row | undefined {
    return this.#all(query, input)[0];
  }

  #all<Input, Row>({ sql, bind }: Prepared<Input, Row>, input: Input): Row[] {
    return this.#guarded.prepare(sql).all(bind(input)) as Row[];
  }
}
