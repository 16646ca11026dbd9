/**
 * The CA of a local run: `ca init` into a folder of its own, claims opened for short lifetimes, `ca serve` on a free
 * port of loopback. The same program and files as anywhere else.
 */
import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { serverNotReady } from '../errors.ts';
import type { ProcessStarter } from '../processes/keeper-client.ts';
import { nodeCommand } from './programs.ts';
import { type StartedServer, startServer } from './wait-for-line.ts';

export type LocalCa = {
  readonly url: string;
  readonly stepPath: string;
  readonly rootPath: string;
  readonly passwordPath: string;
  readonly lost: Promise<never>;
};

/** The provisioner whose key the webhook mints tokens with. */
export const provisionerName = 'autocert';

/** As short as a certificate of a demo may live; 5 minutes is step-ca's. */
const shortestLifetime = '5s';

/** @throws {AppError} ERR_LOCAL_START (unavailable) */
export async function startCertificateAuthority(folder: string, starter: ProcessStarter): Promise<LocalCa> {
  const stepPath = join(folder, 'step');
  mkdirSync(stepPath, { mode: 0o700 });
  const passwordPath = join(stepPath, 'password.txt');
  writeFileSync(passwordPath, randomBytes(24).toString('base64url'), { mode: 0o600 });
  const { file, args } = nodeCommand('ca');
  const run = { file, cwd: folder, env: { STEPPATH: stepPath, PATH: process.env.PATH ?? '', HOME: folder } };

  await initialise(starter, { ...run, args: [...args, 'init', ...initFlags(passwordPath)] });
  const configPath = join(stepPath, 'config', 'ca.json');
  const config = JSON.parse(readFileSync(configPath, 'utf8')) as CaConfig;
  writeFileSync(configPath, JSON.stringify(allowShortLifetimes(config), null, 2));

  const serveArgs = [...args, 'serve', configPath, '--password-file', passwordPath];
  const server: StartedServer<string> = await startServer('CA', starter, { ...run, args: serveArgs }, readAddress);
  const { port } = new URL(`https://${server.ready}`);
  const rootPath = join(stepPath, 'certs', 'root_ca.crt');
  return { url: `https://127.0.0.1:${port}`, stepPath, rootPath, passwordPath, lost: server.lost };
}

const initFlags = (passwordPath: string): string[] => [
  ...['--deployment-type', 'standalone', '--name', 'autocert local', '--provisioner', provisionerName],
  ...['--dns', '127.0.0.1', '--dns', 'localhost', '--address', '127.0.0.1:0'],
  ...['--password-file', passwordPath, '--provisioner-password-file', passwordPath],
];

async function initialise(starter: ProcessStarter, request: Parameters<ProcessStarter['start']>[0]): Promise<void> {
  const lines: string[] = [];
  const { code, failure } = await starter.start(request, (line) => lines.push(line)).exited;
  if (code !== 0) throw serverNotReady('CA', failure ?? `init failed (exit code ${code})`, lines.slice(-8));
}

type CaConfig = { authority?: { claims?: Record<string, unknown>; backdate?: string } };

/**
 * Claims of the whole authority: every provisioner inherits them. No backdating: one machine has one clock, and a
 * minute of it (step-ca's default) would be the better part of a short life.
 */
const allowShortLifetimes = (config: CaConfig): CaConfig => ({
  ...config,
  authority: {
    ...config.authority,
    backdate: '0s',
    claims: { ...config.authority?.claims, minTLSCertDuration: shortestLifetime },
  },
});

/** `2026/01/01 00:00:00 Serving HTTPS on 127.0.0.1:4443 ...`, as step-ca prints it. */
const readAddress = (line: string): string | undefined => /Serving HTTPS on (\S+:\d+)/.exec(line)?.[1];
