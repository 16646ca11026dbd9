/**
 * A CA for scripts: made by `ca init` and run by `ca serve`, ours or the real step's, with the same arguments.
 * It has one JWK provisioner `admin` and listens on a free port of 127.0.0.1.
 */
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { peerPath } from '../../tools/peers/index.ts';

export type Authority = {
  /** What scripts see; see script.ts. */
  readonly variables: Readonly<Record<string, string>>;
  readonly stop: () => Promise<void>;
};

const startDeadlineMs = 30_000;

/** @param moreProvisioners names of further JWK provisioners, with the same password */
export async function startAuthority(
  kind: 'autocert' | 'step-ca',
  moreProvisioners: readonly string[] = [],
): Promise<Authority> {
  const folder = mkdtempSync(join(tmpdir(), 'autocert-authority-'));
  const at = (name: string): string => join(folder, name);
  const autocert = join(import.meta.dirname, '../../bin/autocert');
  const env = { PATH: process.env.PATH, HOME: folder, STEPPATH: folder };
  const run = (program: string, ...args: string[]): string =>
    execFileSync(program, args, { cwd: folder, env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });

  const port = await freePort();
  writeFileSync(at('password'), 'password of the scenarios\n');
  const init = ['--name', 'Scenario', '--dns', 'localhost', '--dns', '127.0.0.1', '--address', `127.0.0.1:${port}`];
  const secrets = ['--provisioner', 'admin', '--password-file', at('password'), '--deployment-type', 'standalone'];
  run(kind === 'autocert' ? autocert : peerPath('step'), 'ca', 'init', ...init, ...secrets);
  for (const name of moreProvisioners) {
    // the real step edits the configuration, whoever wrote it
    run(peerPath('step'), 'ca', 'provisioner', 'add', name, '--create', '--password-file', at('password'));
  }
  makeRequest(run);
  makeExpired(run);

  const serve = [at('config/ca.json'), '--password-file', at('password')];
  const server =
    kind === 'autocert'
      ? spawn(autocert, ['ca', 'serve', ...serve], { cwd: folder, env })
      : spawn(peerPath('step-ca'), serve, { cwd: folder, env });
  const stop = (): Promise<void> =>
    new Promise((resolve) => {
      const remove = (): void => {
        rmSync(folder, { recursive: true });
        resolve();
      };
      if (server.exitCode !== null || server.signalCode !== null) return remove();
      server.once('exit', remove);
      server.kill('SIGTERM');
    });
  try {
    await untilServing(server);
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    stop,
    variables: {
      CA_URL: `https://localhost:${port}`,
      FINGERPRINT: run(peerPath('step'), 'certificate', 'fingerprint', at('certs/root_ca.crt')).trim(),
      ROOT: at('certs/root_ca.crt'),
      PASSWORD_FILE: at('password'),
      REQUEST: at('request.csr'),
      EXPIRED_CRT: at('expired.crt'),
      EXPIRED_KEY: at('expired.key'),
    },
  };
}

/** A signing request of the real step, for request.test and an address. */
function makeRequest(run: (program: string, ...args: string[]) => string): void {
  const names = ['--san', 'request.test', '--san', '10.0.0.9'];
  const plain = ['--csr', '--no-password', '--insecure'];
  run(peerPath('step'), 'certificate', 'create', 'request.test', 'request.csr', 'request.key', ...plain, ...names);
}

/** A certificate of this CA that ended an hour ago, without a provisioner extension. */
function makeExpired(run: (program: string, ...args: string[]) => string): void {
  const issuer = ['--ca', 'certs/intermediate_ca.crt', '--ca-key', 'secrets/intermediate_ca_key'];
  const life = ['--not-before', '-2h', '--not-after', '-1h'];
  const plain = ['--bundle', '--no-password', '--insecure', '--ca-password-file', 'password'];
  run(
    peerPath('step'),
    'certificate',
    'create',
    'expired.test',
    'expired.crt',
    'expired.key',
    ...issuer,
    ...life,
    ...plain,
  );
}

function untilServing(server: ReturnType<typeof spawn>): Promise<void> {
  return new Promise((resolve, reject) => {
    let output = '';
    const deadline = setTimeout(() => fail(`does not serve after ${startDeadlineMs} ms`), startDeadlineMs);
    const fail = (problem: string): void => {
      clearTimeout(deadline);
      reject(new Error(`CA ${problem}\n${output}`));
    };
    const read = (chunk: Buffer): void => {
      output += chunk;
      if (!output.includes('Serving HTTPS on')) return;
      clearTimeout(deadline);
      resolve();
    };
    server.stdout?.on('data', read);
    server.stderr?.on('data', read);
    server.once('error', (error) => fail(error.message));
    server.once('exit', (code) => fail(`ended with ${code}`));
  });
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}
