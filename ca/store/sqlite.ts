/**
 * The CA's memory in one SQLite file: write-ahead log, every commit on the disk before it counts, commits shared.
 * Several processes may open the same file; the unique keys decide between them.
 */
import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { Kysely, SqliteDialect, type Transaction } from 'kysely';
import { Migrator } from 'kysely/migration';
import type { CertificateRecord, CertificateStore } from '../authority/ports.ts';
import { GuardedDatabase } from './bind-guard.ts';
import { CommitQueue } from './commit-queue.ts';
import { storeOpen, storeWrite } from './errors.ts';
import { type CaTables, migrationProvider } from './schema.ts';

/**
 * Opens or makes the file and brings its tables up to date.
 * @throws {AppError} ERR_CA_STORE_OPEN (unavailable)
 */
export async function openSqliteStore(path: string): Promise<CertificateStore> {
  let file: DatabaseSync | undefined;
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    file = new DatabaseSync(path, { timeout: 5000 });
    file.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON');
    const database = new Kysely<CaTables>({ dialect: new SqliteDialect({ database: new GuardedDatabase(file) }) });
    const { error } = await new Migrator({ db: database, provider: migrationProvider }).migrateToLatest();
    if (error) throw error;
    return createStore(database);
  } catch (cause) {
    if (file?.isOpen) file.close();
    throw storeOpen(path, cause);
  }
}

function createStore(database: Kysely<CaTables>): CertificateStore {
  const commits = new CommitQueue(database);
  return {
    persistent: true,
    useToken(token, issue) {
      return commits.add(async (transaction) => {
        const { numInsertedOrUpdatedRows } = await transaction
          .insertInto('used_tokens')
          .values({ key: token.key, expires_at: token.expiresAt ?? null, used_at: token.usedAt })
          .onConflict((conflict) => conflict.doNothing())
          .executeTakeFirst();
        if (numInsertedOrUpdatedRows !== 1n) return { kind: 'reused' } as const;
        const { result, certificate } = issue();
        if (certificate) await insertCertificate(transaction, certificate);
        return { kind: 'used', result } as const;
      });
    },
    addCertificate: (certificate) => commits.add((transaction) => insertCertificate(transaction, certificate)),
    async findProvisioner(serial) {
      const row = await database
        .selectFrom('certificates')
        .select(['provisioner_id', 'provisioner_name', 'provisioner_type'])
        .where('serial', '=', serial)
        .executeTakeFirst();
      if (!row?.provisioner_id) return undefined;
      return { id: row.provisioner_id, name: row.provisioner_name ?? '', type: row.provisioner_type ?? '' };
    },
    async findCertificate(serial) {
      const row = await database
        .selectFrom('certificates')
        .select('der')
        .where('serial', '=', serial)
        .executeTakeFirst();
      return row?.der;
    },
    async isRevoked(serial) {
      const row = await database
        .selectFrom('revoked_certificates')
        .select('serial')
        .where('serial', '=', serial)
        .executeTakeFirst();
      return row !== undefined;
    },
    revoke(revocation) {
      return commits.add(async (transaction) => {
        const { numInsertedOrUpdatedRows } = await transaction
          .insertInto('revoked_certificates')
          .values({
            serial: revocation.serial,
            provisioner_id: revocation.provisionerId ?? null,
            reason_code: revocation.reasonCode,
            reason: revocation.reason,
            revoked_at: revocation.revokedAt,
            expires_at: revocation.expiresAt ?? null,
            token_key: revocation.tokenKey ?? null,
          })
          .onConflict((conflict) => conflict.doNothing())
          .executeTakeFirst();
        return numInsertedOrUpdatedRows === 1n;
      });
    },
    forgetTokens(endedBefore) {
      return commits.add(async (transaction) => {
        const { numDeletedRows } = await transaction
          .deleteFrom('used_tokens')
          .where('expires_at', '<', endedBefore)
          .executeTakeFirst();
        return Number(numDeletedRows);
      });
    },
    async close() {
      await commits.idle();
      await database.destroy();
    },
  };
}

async function insertCertificate(transaction: Transaction<CaTables>, certificate: CertificateRecord): Promise<void> {
  const { provisioner } = certificate;
  try {
    await transaction
      .insertInto('certificates')
      .values({
        serial: certificate.serial,
        der: certificate.der,
        subject: certificate.subject,
        not_before: certificate.notBefore,
        not_after: certificate.notAfter,
        provisioner_id: provisioner?.id ?? null,
        provisioner_name: provisioner?.name ?? null,
        provisioner_type: provisioner?.type ?? null,
        renews: certificate.renews ?? null,
      })
      .execute();
  } catch (cause) {
    throw storeWrite(cause);
  }
}
