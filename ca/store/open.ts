/**
 * Which store a `db` section of ca.json means. The folder or file of step-ca's own database is left alone: our file lies
 * beside its files under a name of ours, so that either server may be started on the same configuration. They do not see
 * each other's certificates and tokens.
 */
import { join } from 'node:path';
import type { Logger } from '../../lib/log/index.ts';
import type { CertificateStore } from '../authority/ports.ts';
import type { DatabaseConfig } from '../config/index.ts';
import type { CertificateArchive } from '../operations/ports.ts';
import { createMemoryStore } from './memory.ts';
import { openPostgresStore } from './postgresql/open.ts';
import { openSqliteStore } from './sqlite/store.ts';

/** Our file inside a badger folder. */
export const databaseFileName = 'autocert.sqlite3';

export type OpenOptions = {
  /** False for a program that looks at the database of a CA: it makes and changes no table. */
  readonly migrate?: boolean;
  readonly logger?: Logger;
};

/** @throws {AppError} ERR_CA_STORE_… of the kinds unavailable and invalid */
export async function openStore(
  database: DatabaseConfig | undefined,
  options: OpenOptions = {},
): Promise<CertificateStore> {
  return database === undefined ? createMemoryStore() : openDatabase(database, options);
}

/** As {@link openStore}, with what operators ask. */
export function openDatabase(
  database: DatabaseConfig,
  options: OpenOptions = {},
): Promise<CertificateStore & CertificateArchive> {
  if (database.type === 'postgresql') return openPostgresStore(database.dataSource, database.database, options);
  return openSqliteStore(databasePath(database), options);
}

export function databasePath({ type, dataSource }: DatabaseConfig): string {
  if (type === 'sqlite') return dataSource;
  return type === 'bbolt' ? `${dataSource}.${databaseFileName}` : join(dataSource, databaseFileName);
}
