/**
 * A real PostgreSQL server of its own for tests: fresh data, reached through a socket in the temporary folder or on
 * loopback. PostgreSQL refuses to run as root; then it runs as the user `postgres` that its package makes.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, chown, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import { peerPath } from '../../tools/peers/index.ts';
import { freePort } from './ports.ts';

export type PostgresServer = {
  /** Address of a database, as `db.dataSource` takes it, over the socket or over TCP. */
  address(database?: string): string;
  tcpAddress(database?: string): string;
  /** Runs statements on a database, as its superuser. */
  query(sql: string, database?: string): Promise<Record<string, unknown>[]>;
  /** `immediate` is a crash: connections are cut, nothing is written before. */
  stop(mode?: 'fast' | 'immediate'): Promise<void>;
  /** After {@link stop}, on the same data. */
  start(): Promise<void>;
  /** Stops it and removes everything. */
  remove(): Promise<void>;
};

export type PostgresSettings = {
  /** Whether a commit waits for the disk; off unless the test is about that. */
  readonly fsync?: boolean;
  readonly settings?: Readonly<Record<string, string>>;
  /** Offers TLS with this certificate. */
  readonly tls?: { readonly certificatePem: string; readonly keyPem: string };
};

const startDeadlineMs = 30_000;
const user = 'postgres';

export async function startPostgres(options: PostgresSettings = {}): Promise<PostgresServer> {
  const identity = await findIdentity();
  const folder = await mkdtemp(join(tmpdir(), 'pg-'));
  if (identity) {
    await chown(folder, identity.uid, identity.gid);
    await chmod(tmpdir(), 0o711).catch(() => {}); // the way to the folder; /tmp itself is open anyway
  }
  const data = join(folder, 'data');
  const flags = [
    '--pgdata',
    data,
    '--username',
    user,
    '--auth',
    'trust',
    '--encoding',
    'UTF8',
    '--locale',
    'C',
    '--no-sync',
  ];
  await promisify(execFile)(peerPath('initdb'), flags, { ...identity, cwd: folder, env: environment(folder) });
  const tls = options.tls && (await writeTls(folder, options.tls, identity));
  const port = await freePort();
  const settings = {
    listen_addresses: '127.0.0.1',
    port: String(port),
    unix_socket_directories: folder,
    fsync: options.fsync ? 'on' : 'off',
    shared_buffers: '64MB',
    max_connections: '60',
    ...tls,
    ...options.settings,
  };
  const args = ['-D', data, ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])];
  let child: ChildProcess | undefined;

  const start = async (): Promise<void> => {
    child = spawn(peerPath('postgres'), args, {
      ...identity,
      cwd: folder,
      env: environment(folder),
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    await untilReady(child);
  };
  const stop = async (mode: 'fast' | 'immediate' = 'fast'): Promise<void> => {
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'close');
    child.kill(mode === 'fast' ? 'SIGINT' : 'SIGQUIT');
    await ended;
  };
  try {
    await start();
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
  const address = (database = user): string =>
    `postgresql://${user}@/${database}?host=${encodeURIComponent(folder)}&port=${port}`;
  return {
    address,
    tcpAddress: (database = user) => `postgresql://${user}@127.0.0.1:${port}/${database}?sslmode=disable`,
    async query(sql, database = user) {
      const client = new pg.Client({ host: folder, port, user, database });
      await client.connect();
      try {
        return (await client.query(sql)).rows;
      } finally {
        await client.end();
      }
    },
    stop,
    start,
    async remove() {
      await stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

type Identity = { readonly uid: number; readonly gid: number };

/** The server takes a key only if nobody else may read it. */
async function writeTls(
  folder: string,
  { certificatePem, keyPem }: NonNullable<PostgresSettings['tls']>,
  identity: Identity | undefined,
): Promise<Record<string, string>> {
  const [certificate, key] = [join(folder, 'server.crt'), join(folder, 'server.key')];
  await writeFile(certificate, certificatePem);
  await writeFile(key, keyPem, { mode: 0o600 });
  for (const path of identity ? [certificate, key] : []) await chown(path, identity?.uid ?? 0, identity?.gid ?? 0);
  return { ssl: 'on', ssl_cert_file: certificate, ssl_key_file: key };
}

const environment = (folder: string): NodeJS.ProcessEnv => ({ PATH: process.env.PATH, HOME: folder, LC_ALL: 'C' });

/** Who the server runs as when this process is root; undefined when it runs as this process does. */
async function findIdentity(): Promise<Identity | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  const line = /^postgres:[^:]*:(\d+):(\d+):/m.exec(await readFile('/etc/passwd', 'utf8'));
  if (!line) throw new Error('there is no user postgres for the PostgreSQL server to run as; run: make peers');
  return { uid: Number(line[1]), gid: Number(line[2]) };
}

function untilReady(child: ChildProcess): Promise<void> {
  let text = '';
  return new Promise((resolve, reject) => {
    const settle = (problem?: string): void => {
      clearTimeout(deadline);
      child.removeListener('exit', exited);
      if (problem === undefined) resolve();
      else reject(new Error(`PostgreSQL ${problem}\n${text}`));
    };
    const exited = (code: number | null): void => settle(`ended with ${code}`);
    const deadline = setTimeout(() => {
      child.kill('SIGKILL');
      settle('does not start');
    }, startDeadlineMs);
    child.stderr?.on('data', (chunk) => {
      text = (text + chunk).slice(-10_000);
      if (text.includes('database system is ready to accept connections')) settle();
    });
    child.once('exit', exited);
    child.once('error', (error) => settle(error.message));
  });
}
