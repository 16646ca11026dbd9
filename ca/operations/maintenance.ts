/** `autocert-ca prune|backup|restore`: the database as a whole, while the CA goes on. */
import { Command } from 'commander';
import { systemClock } from '../../lib/time/index.ts';
import { schemaVersion } from '../store/index.ts';
import { type Counts, restoreBackup, writeBackup } from './backup.ts';
import { type DatabaseFlags, useDatabase, withDatabaseFlags } from './database.ts';
import { requireFree, write } from './output.ts';
import { pruneAll } from './pruning.ts';
import { parseKeepExpired } from './retention.ts';

type PruneFlags = DatabaseFlags & { readonly keepExpired?: string; readonly json?: boolean };
type FileFlags = DatabaseFlags & { readonly force?: boolean; readonly json?: boolean };

export function pruneCommand(): Command {
  return withDatabaseFlags(new Command('prune'))
    .description('delete expired certificates and ended tokens now, as the running authority does every hour')
    .option('--keep-expired <duration>', 'how long after their end certificates stay: 720h, or forever', '720h')
    .option('--json', 'as JSON')
    .action(prune);
}

async function prune(flags: PruneFlags): Promise<void> {
  const retention = { keepExpiredMs: parseKeepExpired(flags.keepExpired) };
  const { signal } = new AbortController();
  const pruned = await useDatabase(flags, { migrate: false }, (database) =>
    pruneAll(database, retention, { clock: systemClock, signal }),
  );
  if (flags.json) await write(`${JSON.stringify(pruned)}\n`);
  else {
    await write(`✔ deleted: ${plural(pruned.certificates, 'certificate')}, ${plural(pruned.tokens, 'token')}\n`);
    if (pruned.busy) process.stderr.write('A running authority is deleting too, and goes on with the rest.\n');
  }
}

export function backupCommand(): Command {
  return withDatabaseFlags(new Command('backup'))
    .description('write the database into a file, without stopping the authority')
    .argument('<file>', 'file to write, compressed JSON lines')
    .option('-f, --force', 'overwrite the file')
    .option('--json', 'as JSON')
    .action(backup);
}

async function backup(path: string, flags: FileFlags): Promise<void> {
  requireFree(path, flags.force ?? false);
  const about = { schemaVersion, createdAt: new Date(systemClock.now()).toISOString() };
  const counts = await useDatabase(flags, { migrate: false }, (database) => writeBackup(database, path, about));
  await write(flags.json ? `${JSON.stringify(counts)}\n` : `✔ ${path}: ${describe(counts)}\n`);
}

export function restoreCommand(): Command {
  return withDatabaseFlags(new Command('restore'))
    .description('add what a backup holds to the database; what is there stays')
    .argument('<file>', 'file that "backup" wrote')
    .option('--json', 'as JSON')
    .action(restore);
}

async function restore(path: string, flags: FileFlags): Promise<void> {
  const { header, added, found } = await useDatabase(flags, { migrate: true }, (database) =>
    restoreBackup(database, path, schemaVersion),
  );
  if (flags.json) await write(`${JSON.stringify({ createdAt: header.createdAt, found, added })}\n`);
  else await write(`✔ ${path} of ${header.createdAt}: ${describe(found)}\n✔ added: ${describe(added)}\n`);
}

const describe = (counts: Counts): string =>
  [
    plural(counts.certificates, 'certificate'),
    plural(counts.revoked_certificates, 'revocation'),
    plural(counts.used_tokens, 'used token'),
    plural(counts.revocation_lists, 'revocation list'),
  ].join(', ');

const plural = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`;
