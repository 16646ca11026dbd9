/**
 * Which store a `db` section of ca.json means. The folder or file of step-ca's own database is left alone: our file lies
 * beside its files under a name of ours, so that either server may be started on the same configuration. They do not see
 * each other's certificates and tokens.
 */
import { join } from 'node:path';
import type { CertificateStore } from '../authority/ports.ts';
import type { DatabaseConfig } from '../config/index.ts';
import { createMemoryStore } from './memory.ts';
import { openSqliteStore } from './sqlite/store.ts';

/** Our file inside a badger folder. */
export const databaseFileName = 'autocert.sqlite3';

/** @throws {AppError} ERR_CA_STORE_OPEN (unavailable) */
export async function openStore(database: DatabaseConfig | undefined): Promise<CertificateStore> {
  return database === undefined ? createMemoryStore() : openSqliteStore(databasePath(database));
}

export function databasePath({ type, dataSource }: DatabaseConfig): string {
  if (type === 'sqlite') return dataSource;
  return type === 'bbolt' ? `${dataSource}.${databaseFileName}` : join(dataSource, databaseFileName);
}
