/**
 * A CA that a webhook test can kill and bring back: made by the real `step ca init`, run by step-ca or by ours, always on
 * the same port and with the same files.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { peerPath } from '../../tools/peers/index.ts';

export type CaProgram = 'step-ca' | 'autocert';

export type WebhookAuthority = {
  readonly url: string;
  readonly rootPath: string;
  readonly rootPem: string;
  readonly passwordPath: string;
  /** Starts it, or brings it back. */
  start(): Promise<void>;
  /** As a crash does. */
  kill(): Promise<void>;
  /** Kills it and removes its files. */
  remove(): Promise<void>;
};

/**
 * @param lifetime of certificates, such as `24h`
 * @returns a CA with a JWK provisioner `autocert`, not yet started
 */
export async function createAuthority(program: CaProgram, lifetime = '24h'): Promise<WebhookAuthority> {
  const folder = mkdtempSync(join(tmpdir(), 'autocert-webhook-ca-'));
  const at = (name: string): string => join(folder, name);
  const env = { PATH: process.env.PATH ?? '', HOME: folder, STEPPATH: folder };
  const port = await freePort();
  writeFileSync(at('password'), 'password of the webhook\n');
  const names = ['--name', 'Webhook', '--dns', 'localhost', '--dns', '127.0.0.1', '--address', `127.0.0.1:${port}`];
  const secrets = ['--provisioner', 'autocert', '--password-file', at('password'), '--deployment-type', 'standalone'];
  execFileSync(peerPath('step'), ['ca', 'init', ...names, ...secrets], { cwd: folder, env, stdio: 'pipe' });
  setLifetime(at('config/ca.json'), lifetime);

  let server: ChildProcess | undefined;
  const args = [at('config/ca.json'), '--password-file', at('password')];
  const kill = async (): Promise<void> => {
    const running = server;
    server = undefined;
    if (!running || running.exitCode !== null || running.signalCode !== null) return;
    const ended = new Promise((resolve) => running.once('exit', resolve));
    running.kill('SIGKILL');
    await ended;
  };
  return {
    url: `https://127.0.0.1:${port}`,
    rootPath: at('certs/root_ca.crt'),
    rootPem: readFileSync(at('certs/root_ca.crt'), 'utf8'),
    passwordPath: at('password'),
    async start() {
      server =
        program === 'step-ca'
          ? spawn(peerPath('step-ca'), args, { cwd: folder, env })
          : spawn(process.execPath, [join(import.meta.dirname, '../../ca/main.ts'), 'serve', ...args], {
              cwd: folder,
              env,
            });
      await untilServing(server);
    },
    kill,
    async remove() {
      await kill();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function setLifetime(path: string, lifetime: string): void {
  const config = JSON.parse(readFileSync(path, 'utf8')) as { authority: { provisioners: { claims?: object }[] } };
  const claims = { minTLSCertDuration: '1s', maxTLSCertDuration: '24h', defaultTLSCertDuration: lifetime };
  for (const provisioner of config.authority.provisioners) provisioner.claims = claims;
  writeFileSync(path, JSON.stringify(config));
}

function untilServing(server: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let output = '';
    const fail = (problem: string): void => {
      clearTimeout(deadline);
      reject(new Error(`CA ${problem}\n${output}`));
    };
    const deadline = setTimeout(() => fail('does not serve'), 30_000);
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
  return typeof address === 'object' && address ? address.port : 0;
}
