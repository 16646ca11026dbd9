/**
 * Tables of the CA as queries see them. Times are epoch milliseconds (UTC) as integers, serial numbers decimal text:
 * only what SQLite and PostgreSQL share. migrations.ts makes them.
 */
export type CaTables = {
  certificates: {
    serial: string;
    der: Uint8Array;
    subject: string;
    /** Lower case, separated by spaces: the subject first, then every other name. What a search looks at. */
    names: string;
    not_before: number;
    not_after: number;
    provisioner_id: string | null;
    provisioner_name: string | null;
    provisioner_type: string | null;
    renews: string | null;
  };
  used_tokens: { key: string; expires_at: number | null; used_at: number };
  revoked_certificates: {
    serial: string;
    provisioner_id: string | null;
    reason_code: number;
    reason: string;
    revoked_at: number;
    expires_at: number | null;
    token_key: string | null;
  };
  /** One row: the list that every replica serves. */
  revocation_lists: {
    id: string;
    number: number;
    der: Uint8Array;
    this_update: number;
    next_update: number;
  };
  schema_versions: { version: number; name: string; applied_at: number };
};

/** Names of types in which the dialects differ; text is one everywhere. */
export type ColumnTypes = {
  readonly bytes: 'blob' | 'bytea';
  readonly integer: 'integer' | 'bigint';
  /** Written behind the type of a text that is sorted or searched: order by bytes, whatever the database's language. */
  readonly byteOrder: '' | 'collate "C"';
};

export const sqliteTypes: ColumnTypes = { bytes: 'blob', integer: 'integer', byteOrder: '' };
export const postgresTypes: ColumnTypes = { bytes: 'bytea', integer: 'bigint', byteOrder: 'collate "C"' };
