/**
 * One commit of many changes as one statement: one way to the server and back for tokens and certificates alike, and
 * nothing half done in between. The unique key of a token decides between replicas; a certificate is kept only if the
 * token it was made for was free.
 */
import { type Kysely, sql } from 'kysely';
import type { CertificateRecord, TokenUse } from '../../authority/ports.ts';
import { storeWrite } from '../errors.ts';
import type { Outcome } from '../group-commit.ts';
import { type Prepared, prepare } from '../prepared.ts';
import { toCertificateRow, toTokenRow } from '../queries.ts';
import type { CaTables } from '../schema.ts';

/** What one request wants kept: a token, a certificate, or both or none. */
export type Change = { readonly token?: TokenUse; readonly certificate?: CertificateRecord | undefined };

/** Columns of the rows to insert, each a list in the order of the rows. */
type Columns = {
  readonly [Column in keyof CaTables['used_tokens'] as `token_${Column}`]: CaTables['used_tokens'][Column][];
} & {
  readonly [Column in keyof CaTables['certificates']]: CaTables['certificates'][Column][];
} & {
  /** Key of the token that each certificate was made for. */
  readonly for_token: (string | null)[];
};

type Done = { readonly token: string | null; readonly serial: string | null };

export const buildCommitQuery = (database: Kysely<CaTables>): Prepared<Columns, Done> =>
  prepare((columns) => ({
    compile: () =>
      sql<Done>`
        with taken as (
          insert into used_tokens (key, expires_at, used_at)
          select * from unnest(${columns.token_key}::text[], ${columns.token_expires_at}::bigint[],
            ${columns.token_used_at}::bigint[])
          on conflict do nothing
          returning key
        ), kept as (
          insert into certificates (serial, der, subject, names, not_before, not_after, provisioner_id,
            provisioner_name, provisioner_type, renews)
          select serial, der, subject, names, not_before, not_after, provisioner_id, provisioner_name,
            provisioner_type, renews
          from unnest(${columns.serial}::text[], ${columns.der}::bytea[], ${columns.subject}::text[],
            ${columns.names}::text[], ${columns.not_before}::bigint[], ${columns.not_after}::bigint[],
            ${columns.provisioner_id}::text[], ${columns.provisioner_name}::text[],
            ${columns.provisioner_type}::text[], ${columns.renews}::text[], ${columns.for_token}::text[])
            as made(serial, der, subject, names, not_before, not_after, provisioner_id, provisioner_name,
              provisioner_type, renews, for_token)
          where for_token is null or for_token in (select key from taken)
          on conflict do nothing
          returning serial
        )
        select key as token, null as serial from taken union all select null, serial from kept`.compile(database),
  }));

/** Changes as rows, and what came of them. */
export class CommitBatch {
  readonly #changes: readonly Change[];
  /** Index of the change that asked for a token first; the others of this batch come too late. */
  readonly #firstFor = new Map<string, number>();
  readonly #keys: readonly (string | undefined)[];

  constructor(changes: readonly Change[]) {
    this.#changes = changes;
    const rows = changes.map(({ token }) => token && toTokenRow(token));
    this.#keys = rows.map((row) => row?.key);
    for (const [index, key] of this.#keys.entries()) {
      if (key !== undefined && !this.#firstFor.has(key)) this.#firstFor.set(key, index);
    }
  }

  /** In the order of the keys: replicas that take the same tokens then wait for each other in one direction. */
  columns(): Columns {
    const tokens = [...this.#firstFor.entries()]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .flatMap(([, index]) => {
        const use = this.#changes[index]?.token;
        return use ? [toTokenRow(use)] : [];
      });
    const certificates = this.#changes.flatMap(({ certificate }, index) => {
      const key = this.#keys[index];
      if (!certificate || (key !== undefined && this.#firstFor.get(key) !== index)) return [];
      return [{ ...toCertificateRow(certificate), for_token: key ?? null }];
    });
    return {
      token_key: tokens.map(({ key }) => key),
      token_expires_at: tokens.map(({ expires_at }) => expires_at),
      token_used_at: tokens.map(({ used_at }) => used_at),
      serial: certificates.map(({ serial }) => serial),
      der: certificates.map(({ der }) => der),
      subject: certificates.map(({ subject }) => subject),
      names: certificates.map(({ names }) => names),
      not_before: certificates.map(({ not_before }) => not_before),
      not_after: certificates.map(({ not_after }) => not_after),
      provisioner_id: certificates.map(({ provisioner_id }) => provisioner_id),
      provisioner_name: certificates.map(({ provisioner_name }) => provisioner_name),
      provisioner_type: certificates.map(({ provisioner_type }) => provisioner_type),
      renews: certificates.map(({ renews }) => renews),
      for_token: certificates.map(({ for_token }) => for_token),
    };
  }

  /** For each change whether its token was free; an error when its certificate could not be kept. */
  outcomes(rows: readonly Done[]): Outcome[] {
    const taken = new Set(rows.map(({ token }) => token));
    const kept = new Set(rows.map(({ serial }) => serial));
    return this.#changes.map(({ certificate }, index): Outcome => {
      const key = this.#keys[index];
      if (key !== undefined && (this.#firstFor.get(key) !== index || !taken.has(key))) return { value: false };
      if (certificate && !kept.has(certificate.serial)) {
        return { error: storeWrite(new TypeError(`the serial number ${certificate.serial} is taken`)) };
      }
      return { value: true };
    });
  }
}
