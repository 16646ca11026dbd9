/** Both authorities as they are deployed: the real step-ca, and our bundle; each on files of its own, on one core. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import { createSecureContext } from 'node:tls';
import { decryptProvisionerKey, type ProvisionerKey } from '../../lib/jwk-provisioner/index.ts';
import { type CaFiles, initCa } from '../../test/peers/certificate-authority.ts';
import { freePort } from '../../test/peers/ports.ts';
import type { PostgresServer } from '../../test/peers/postgresql.ts';
import { peerPath } from '../../tools/peers/index.ts';
import { openConnection, renderRequest, type Target } from '../load/connection.ts';
import { pinned } from '../measure/pinning.ts';
import { commandFor } from '../programs.ts';

export type Side = 'ours' | 'peer';
/** What an authority keeps its records in: SQLite or badger in its own folder, nothing, or a PostgreSQL for both. */
export type Database = 'embedded' | 'none' | PostgresServer;

/** The program and its arguments before the configuration file. */
async function commandOf(side: Side): Promise<readonly string[]> {
  if (side === 'peer') return [peerPath('step-ca')];
  return [...(await commandFor('autocert-ca')), 'serve', '--quiet'];
}

/** Files of one authority, not running. */
export type Authority = {
  readonly side: Side;
  readonly files: CaFiles;
  readonly port: number;
  readonly command: readonly string[];
  readonly provisionerKey: ProvisionerKey;
  /** Trusts this authority alone. */
  readonly target: Target;
};

export async function createAuthority(side: Side, database: Database): Promise<Authority> {
  const files = await initCa('step-ca');
  const port = await freePort();
  let encryptedKey = '';
  await files.configure((config) => {
    config.address = `127.0.0.1:${port}`;
    if (database === 'none') delete config.db;
    else if (database !== 'embedded') {
      const db = { type: 'postgresql', dataSource: database.address(), database: `bench_${side}` };
      config.db = db;
    }
    encryptedKey = config.authority.provisioners[0]?.encryptedKey ?? '';
  });
  const root = await readFile(join(files.folder, 'certs', 'root_ca.crt'), 'utf8');
  return {
    side,
    files,
    port,
    command: await commandOf(side),
    provisionerKey: await decryptProvisionerKey(encryptedKey, files.password),
    target: { port, secureContext: createSecureContext({ ca: root }) },
  };
}

export type RunningAuthority = Authority & {
  readonly pid: number;
  /** From the start of the process to the first answer of /health. */
  readonly startMs: number;
  stop(): Promise<void>;
};

const startDeadlineMs = 20_000;

/** Resolves when /health answers. */
export async function startAuthority(
  authority: Authority,
  core: number | readonly number[],
): Promise<RunningAuthority> {
  const { command, files, target } = authority;
  const [file, ...args] = pinned(core, [...command, files.configPath, '--password-file', files.passwordPath]);
  const started = performance.now();
  const child = spawn(file, args, {
    cwd: files.folder,
    env: { STEPPATH: files.folder, HOME: files.folder, PATH: process.env.PATH },
    stdio: ['ignore', 'ignore', 'ignore'],
  });
  await untilHealthy(child, target);
  return {
    ...authority,
    pid: child.pid ?? 0,
    startMs: performance.now() - started,
    async stop() {
      child.kill('SIGTERM');
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    },
  };
}

async function untilHealthy(child: ChildProcess, target: Target): Promise<void> {
  const deadline = performance.now() + startDeadlineMs;
  for (;;) {
    try {
      const connection = await openConnection(target);
      const { status } = await connection.exchange(renderRequest('GET', '/health'));
      connection.close();
      if (status === 200) return;
    } catch (error) {
      if (child.exitCode !== null || performance.now() > deadline) throw error;
    }
    await delay(1);
  }
}

/** The next start is on an empty embedded database. */
export const forgetDatabase = ({ files }: Authority): Promise<void> =>
  rm(join(files.folder, 'db'), { recursive: true, force: true });
