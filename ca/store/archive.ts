/** Searches and backups: queries whose shape depends on the question, the same for every database. */
import { type CompiledQuery, type Kysely, sql } from 'kysely';
import type { EpochMs } from '../../lib/time/index.ts';
import {
  type BackupRow,
  type BackupTable,
  type CertificateDetails,
  type CertificateEntry,
  type CertificateFilter,
  type CertificatePage,
  keyColumns,
  type PageKey,
} from '../operations/ports.ts';
import type { CaTables } from './schema.ts';

/** Runs a query that kysely made. */
export type RunQuery = <Row>(query: CompiledQuery<Row>) => Promise<Row[]>;

type EntryRow = Omit<CaTables['certificates'], 'der'> & {
  revoked_at: number | null;
  reason_code: number | null;
  reason: string | null;
};

export class ArchiveQueries {
  readonly #database: Kysely<CaTables>;

  constructor(database: Kysely<CaTables>) {
    this.#database = database;
  }

  /** Those that end last come first. */
  async list(
    run: RunQuery,
    filter: CertificateFilter,
    now: EpochMs,
    after: PageKey | undefined,
    limit: number,
  ): Promise<CertificatePage> {
    const { name, provisioner, state, endsAfter, endsBefore } = filter;
    let query = this.#entries().orderBy('c.not_after', 'desc').orderBy('c.serial', 'desc').limit(limit);
    if (name !== undefined) query = query.where('c.serial', 'in', this.#namedLike(name));
    if (provisioner !== undefined) query = query.where('c.provisioner_name', '=', provisioner);
    if (endsAfter !== undefined) query = query.where('c.not_after', '>=', endsAfter);
    if (endsBefore !== undefined) query = query.where('c.not_after', '<', endsBefore);
    if (state === 'expired') query = query.where('c.not_after', '<', now);
    if (state === 'valid') query = query.where('c.not_after', '>=', now).where('r.serial', 'is', null);
    if (state === 'revoked') query = query.where('r.serial', 'is not', null);
    if (after) {
      query = query.where(({ eb }) =>
        eb.or([
          eb('c.not_after', '<', after.notAfter),
          eb.and([eb('c.not_after', '=', after.notAfter), eb('c.serial', '<', after.serial)]),
        ]),
      );
    }
    const rows = await run<EntryRow>(query.compile());
    const last = rows.at(-1);
    const matches = name === undefined ? () => true : nameMatcher(name);
    return {
      entries: rows.map(toEntry).filter(({ names }) => names.some(matches)),
      next: rows.length < limit || !last ? undefined : { notAfter: last.not_after, serial: last.serial },
    };
  }

  async details(run: RunQuery, serial: string): Promise<CertificateDetails | undefined> {
    const query = this.#entries().select('c.der').where('c.serial', '=', serial);
    const [row] = await run<EntryRow & { der: Uint8Array }>(query.compile());
    return row && { ...toEntry(row), der: row.der };
  }

  page(table: BackupTable, after: string | undefined, limit: number): CompiledQuery<BackupRow> {
    const key = sql.ref(keyColumns[table]);
    const from = sql`select * from ${sql.table(table)}`;
    const rest = after === undefined ? sql`` : sql`where ${key} > ${after}`;
    return sql<BackupRow>`${from} ${rest} order by ${key} limit ${limit}`.compile(this.#database);
  }

  /** Returns the keys of the rows that were added. */
  merge(table: BackupTable, rows: readonly BackupRow[]): CompiledQuery<unknown> {
    const columns = Object.keys(rows[0] ?? {});
    const values = rows.map((row) => sql`(${sql.join(columns.map((column) => row[column] ?? null))})`);
    const conflict =
      table === 'revocation_lists'
        ? sql`(id) do update set number = excluded.number, der = excluded.der, this_update = excluded.this_update,
            next_update = excluded.next_update where excluded.number > revocation_lists.number`
        : sql`do nothing`;
    return sql`insert into ${sql.table(table)} (${sql.join(columns.map((column) => sql.ref(column)))})
      values ${sql.join(values)} on conflict ${conflict} returning ${sql.ref(keyColumns[table])}`.compile(
      this.#database,
    );
  }

  #entries() {
    return this.#database
      .selectFrom('certificates as c')
      .leftJoin('revoked_certificates as r', 'r.serial', 'c.serial')
      .select([
        'c.serial',
        'c.subject',
        'c.names',
        'c.not_before',
        'c.not_after',
        'c.provisioner_id',
        'c.provisioner_name',
        'c.provisioner_type',
        'c.renews',
        'r.revoked_at',
        'r.reason_code',
        'r.reason',
      ]);
  }

  /** Reads the index of names only, which is a small part of the table. */
  #namedLike(name: string) {
    const pattern = name
      .toLowerCase()
      .replace(/[\\%_]/g, '\\$&')
      .replaceAll('*', '%');
    return this.#database
      .selectFrom('certificates')
      .select('serial')
      .where(sql<boolean>`' ' || names || ' ' like ${`% ${pattern} %`} escape '\\'`);
  }
}

/** `*` matches within one name: what the database found may reach over two. */
function nameMatcher(name: string): (each: string) => boolean {
  const parts = name
    .toLowerCase()
    .split('*')
    .map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  const pattern = new RegExp(`^${parts.join('.*')}$`, 's');
  return (each) => pattern.test(each);
}

function toEntry(row: EntryRow): CertificateEntry {
  return {
    serial: row.serial,
    subject: row.subject,
    names: row.names === '' ? [row.subject.toLowerCase()] : row.names.split(' '),
    notBefore: row.not_before,
    notAfter: row.not_after,
    provisioner:
      row.provisioner_id === null
        ? undefined
        : { id: row.provisioner_id, name: row.provisioner_name ?? '', type: row.provisioner_type ?? '' },
    renews: row.renews ?? undefined,
    revoked:
      row.revoked_at === null
        ? undefined
        : { at: row.revoked_at, reasonCode: row.reason_code ?? 0, reason: row.reason ?? '' },
  };
}
