/**
 * The CA's memory in a PostgreSQL database that replicas share. Requests that arrive together share a commit; everything
 * that only one replica may do at a time happens under an advisory lock that ends with its transaction.
 */
import type { Kysely } from 'kysely';
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
import { GroupCommit, type Outcome } from '../group-commit.ts';
import {
  buildCoreQueries,
  type CoreQueries,
  listId,
  toList,
  toListRow,
  toRevocationRow,
  toRevokedEntry,
} from '../queries.ts';
import type { CaTables } from '../schema.ts';
import { buildCommitQuery, type Change, CommitBatch } from './commit.ts';
import type { PostgresConnection } from './connection.ts';
import { buildLookUpQuery, LookUps } from './look-up.ts';

const limits = { maxChanges: 256, maxCommits: 2 };

/** Advisory locks of one transaction; the pair of numbers is ours in this database. */
const locks = {
  list: 'select pg_advisory_xact_lock(1635087471, 1)',
  prune: 'select pg_try_advisory_xact_lock(1635087471, 2) as free',
} as const;

export class PostgresStore implements CertificateStore, CertificateArchive {
  readonly persistent = true;
  readonly #connection: PostgresConnection;
  readonly #queries: CoreQueries;
  readonly #commitQuery: ReturnType<typeof buildCommitQuery>;
  readonly #commits: GroupCommit<Change>;
  readonly #archive: ArchiveQueries;
  readonly #lookUps: LookUps;

  /** Use openPostgresStore. */
  constructor(connection: PostgresConnection, texts: Kysely<CaTables>) {
    this.#connection = connection;
    this.#queries = buildCoreQueries(texts);
    this.#commitQuery = buildCommitQuery(texts);
    this.#commits = new GroupCommit((changes) => this.#commit(changes), limits);
    this.#archive = new ArchiveQueries(texts);
    const lookUp = buildLookUpQuery(texts);
    this.#lookUps = new LookUps((serials) => connection.all(lookUp, { serials }));
  }

  ready(): boolean {
    return this.#connection.ready();
  }

  /** The certificate is made before it is known whether the token is free: asking first would cost another way. */
  async useToken<Result>(
    token: TokenUse,
    issue: () => { readonly result: Result; readonly certificate?: CertificateRecord },
  ): Promise<TokenOutcome<Result>> {
    let made: { readonly result: Result; readonly certificate?: CertificateRecord } | undefined;
    let failure: unknown;
    try {
      made = issue();
    } catch (error) {
      failure = error;
    }
    const free = await this.#commits.add<boolean>({ token, certificate: made?.certificate });
    if (!free) return { kind: 'reused' };
    if (!made) throw failure;
    return { kind: 'used', result: made.result };
  }

  async addCertificate(certificate: CertificateRecord): Promise<void> {
    await this.#commits.add<boolean>({ certificate });
  }

  async findProvisioner(serial: string): Promise<ProvisionerRecord | undefined> {
    return this.#lookUps.findProvisioner(serial);
  }

  async findCertificate(serial: string): Promise<Uint8Array | undefined> {
    return (await this.#connection.all(this.#queries.der, { serial }))[0]?.der;
  }

  async isRevoked(serial: string): Promise<boolean> {
    return this.#lookUps.isRevoked(serial);
  }

  async revoke(revocation: Revocation): Promise<boolean> {
    return (await this.#connection.all(this.#queries.revoke, toRevocationRow(revocation))).length > 0;
  }

  async findRevocationList(): Promise<RevocationList | undefined> {
    return toList((await this.#connection.all(this.#queries.list, { id: listId }))[0]);
  }

  updateRevocationList(
    endedBefore: number,
    build: (current: RevocationList | undefined, revoked: readonly RevokedEntry[]) => RevocationList | undefined,
  ): Promise<RevocationList | undefined> {
    return this.#connection.transaction(async (session) => {
      await session.run(locks.list);
      const current = toList((await session.all(this.#queries.list, { id: listId }))[0]);
      const revoked = await session.all(this.#queries.revokedList, { endedBefore });
      const next = build(current, revoked.map(toRevokedEntry));
      if (next === undefined) return current;
      await session.all(this.#queries.replaceList, toListRow(next));
      return next;
    });
  }

  prune({ tokensEndedBefore, certificatesEndedBefore, limit }: PruneRequest): Promise<PruneOutcome> {
    const { pruneTokens, pruneCertificates } = this.#queries;
    return this.#connection.transaction(async (session): Promise<PruneOutcome> => {
      const [lock] = await session.run<{ free: boolean }>(locks.prune);
      if (!lock?.free) return { kind: 'busy' };
      const tokens = await session.all(pruneTokens, { endedBefore: tokensEndedBefore, limit });
      const certificates =
        certificatesEndedBefore === undefined
          ? []
          : await session.all(pruneCertificates, { endedBefore: certificatesEndedBefore, limit });
      return { kind: 'pruned', tokens: tokens.length, certificates: certificates.length };
    });
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

  readSnapshot<Result>(use: (read: ReadPage) => Promise<Result>): Promise<Result> {
    return this.#connection.transaction(
      (session) =>
        use((table, after, limit) => {
          const { sql, parameters } = this.#archive.page(table, after, limit);
          return session.run<BackupRow>(sql, parameters);
        }),
      'begin isolation level repeatable read read only',
    );
  }

  async mergeRows(table: BackupTable, rows: readonly BackupRow[]): Promise<number> {
    return rows.length === 0 ? 0 : (await this.#run(this.#archive.merge(table, rows))).length;
  }

  readonly #run: RunQuery = ({ sql, parameters }) => this.#connection.run(sql, parameters);

  async close(): Promise<void> {
    await this.#commits.idle();
    await this.#lookUps.idle();
    await this.#connection.close();
  }

  async #commit(changes: readonly Change[]): Promise<Outcome[]> {
    const batch = new CommitBatch(changes);
    return batch.outcomes(await this.#connection.all(this.#commitQuery, batch.columns()));
  }
}
