/** One PostgreSQL for the comparisons, as a database server is set up: it answers a commit when it is on the disk. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type PostgresServer, startPostgres } from '../../test/peers/postgresql.ts';
import type { Settings } from '../comparison.ts';
import { pin } from '../measure/pinning.ts';

/** On both cores: it is neither the server that is measured nor its client. */
export async function startDatabase({ cores }: Settings): Promise<PostgresServer> {
  const server = await startPostgres({ fsync: true });
  const folder = new URL(server.address().replace('@/', '@localhost/')).searchParams.get('host') ?? '';
  const [pid] = readFileSync(join(folder, 'data/postmaster.pid'), 'utf8').split('\n', 1);
  pin(Number(pid), cores.server, cores.client);
  return server;
}
