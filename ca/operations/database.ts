/** The database of a CA, opened by a command that works on it from outside, while the CA may be running. */
import { join } from 'node:path';
import type { Command } from 'commander';
import { readText } from '../adapters/files.ts';
import type { CertificateStore } from '../authority/index.ts';
import { parseCaConfig } from '../config/index.ts';
import { findContext, stepBasePath, stepPath } from '../init/step-path.ts';
import { openDatabase } from '../store/index.ts';
import { noDatabase } from './errors.ts';
import type { CertificateArchive } from './ports.ts';

export type DatabaseFlags = { readonly config?: string; readonly context?: string };

export const withDatabaseFlags = (command: Command): Command =>
  command
    .option('--config <file>', 'ca.json (default: config/ca.json in $STEPPATH or in the folder of the context)')
    .option('--context <name>', 'context whose configuration is used');

/**
 * @param migrate whether tables that are missing or old are made; a command that only looks leaves that to the CA
 * @throws {AppError} ERR_CA_NO_DATABASE, ERR_CA_FILE, ERR_CA_CONFIG…, ERR_CA_STORE_…
 */
export async function useDatabase<Result>(
  flags: DatabaseFlags,
  { migrate }: { readonly migrate: boolean },
  work: (database: CertificateStore & CertificateArchive) => Promise<Result>,
): Promise<Result> {
  const base = stepBasePath(process.env);
  const path = flags.config ?? join(stepPath(base, findContext(base, flags.context)), 'config', 'ca.json');
  const { database } = parseCaConfig(await readText('configuration', path), path);
  if (!database) throw noDatabase(path);
  const opened = await openDatabase(database, { migrate });
  try {
    return await work(opened);
  } finally {
    await opened.close();
  }
}
