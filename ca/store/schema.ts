/**
 * Tables of the CA, and the migrations that make them. Times are epoch milliseconds (UTC) as integers, serial numbers
 * decimal text: only what SQLite and PostgreSQL share.
 *
 * Keep: a migration that has been released is never edited; add the next one.
 */
import type { Kysely } from 'kysely';
import type { Migration, MigrationProvider } from 'kysely/migration';

export type CaTables = {
  certificates: {
    serial: string;
    der: Uint8Array;
    subject: string;
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
};

const migrations: Readonly<Record<string, Migration>> = {
  '0001-core': {
    async up(db: Kysely<unknown>) {
      await db.schema
        .createTable('certificates')
        .addColumn('serial', 'text', (column) => column.primaryKey())
        .addColumn('der', 'blob', (column) => column.notNull())
        .addColumn('subject', 'text', (column) => column.notNull())
        .addColumn('not_before', 'integer', (column) => column.notNull())
        .addColumn('not_after', 'integer', (column) => column.notNull())
        .addColumn('provisioner_id', 'text')
        .addColumn('provisioner_name', 'text')
        .addColumn('provisioner_type', 'text')
        .addColumn('renews', 'text')
        .execute();
      await db.schema
        .createTable('used_tokens')
        .addColumn('key', 'text', (column) => column.primaryKey())
        .addColumn('expires_at', 'integer')
        .addColumn('used_at', 'integer', (column) => column.notNull())
        .execute();
      await db.schema.createIndex('used_tokens_by_end').on('used_tokens').column('expires_at').execute();
      await db.schema
        .createTable('revoked_certificates')
        .addColumn('serial', 'text', (column) => column.primaryKey())
        .addColumn('provisioner_id', 'text')
        .addColumn('reason_code', 'integer', (column) => column.notNull())
        .addColumn('reason', 'text', (column) => column.notNull())
        .addColumn('revoked_at', 'integer', (column) => column.notNull())
        .addColumn('expires_at', 'integer')
        .addColumn('token_key', 'text')
        .execute();
    },
  },
};

/** In the code and not in files, so that a bundle carries them. */
export const migrationProvider: MigrationProvider = {
  getMigrations: async () => ({ ...migrations }),
};
