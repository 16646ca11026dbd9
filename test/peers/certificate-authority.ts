/**
 * A CA as a process, in a folder of its own: the real step-ca, or ours, started alike from the same files. Loopback
 * only; stopped by its process id.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { layoutOf, writeAuthority } from '../../ca/init/files.ts';
import { createPki } from '../../ca/init/pki.ts';
import { peerPath } from '../../tools/peers/index.ts';
import { compileCache } from './compile-cache.ts';
import { freePort } from './ports.ts';
import { step } from './step.ts';

/** `autocert` is ours through the command, `autocert ca …`. */
export type CaProgram = 'step-ca' | 'autocert-ca' | 'autocert';

export type InitOptions = {
  /** Name of the JWK provisioner, `admin` unless given. */
  readonly provisioner?: string;
  /** Added to the flags that answer every question. */
  readonly flags?: readonly string[];
};

/** What `init` made: STEPPATH with certs/, secrets/, config/ and db/. */
export type CaFiles = {
  readonly folder: string;
  readonly configPath: string;
  readonly passwordPath: string;
  readonly password: string;
  /** Writes ca.json again with some of its members changed. */
  configure(change: (config: CaJson) => void): Promise<void>;
  /** Puts a root and an intermediate of this age in place, for tests with certificates of the past. */
  makeOlder(ageMs: number, name?: string): Promise<void>;
  remove(): Promise<void>;
};

export type CaJson = {
  address: string;
  dnsNames: string[];
  db?: { type: string; dataSource: string };
  root: string | string[];
  federatedRoots: string[] | null;
  authority: {
    claims?: Record<string, unknown>;
    provisioners: (Record<string, unknown> & { name: string; encryptedKey?: string })[];
    [member: string]: unknown;
  };
  [member: string]: unknown;
};

export type CaProcess = {
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  /** Standard output and error so far. */
  output(): string;
  signal(name: NodeJS.Signals): void;
  /** SIGTERM; the exit code. */
  stop(): Promise<number | null>;
  kill(): Promise<void>;
};

const startDeadlineMs = 30_000;

/** Files by the `init` of either program. */
export async function initCa(by: CaProgram, { provisioner = 'admin', flags = [] }: InitOptions = {}): Promise<CaFiles> {
  const folder = await mkdtemp(join(tmpdir(), 'autocert-ca-'));
  const passwordPath = join(folder, 'password.txt');
  const password = 'correct horse';
  await writeFile(passwordPath, `${password}\n`, { mode: 0o600 });
  const stepPath = join(folder, 'step');
  const args = [
    ...['--name', 'Peers', '--deployment-type', 'standalone', '--dns', 'localhost', '--dns', '127.0.0.1'],
    ...['--address', `127.0.0.1:${await freePort()}`, '--provisioner', provisioner, '--password-file', passwordPath],
    ...flags,
  ];
  if (by === 'step-ca') await step(['ca', 'init', ...args], { stepPath, cwd: folder });
  else if (by === 'autocert-ca') await runOurs(['init', ...args], stepPath, folder);
  else await runCommand(['ca', 'init', ...args], stepPath, folder);
  const configPath = join(stepPath, 'config', 'ca.json');
  return {
    folder: stepPath,
    configPath,
    passwordPath,
    password,
    async configure(change) {
      const config = JSON.parse(await readFile(configPath, 'utf8')) as CaJson;
      change(config);
      await writeFile(configPath, JSON.stringify(config, null, '\t'));
    },
    async makeOlder(ageMs, name = 'Peers') {
      const pki = await createPki({ name, password, imported: undefined, now: Date.now() - ageMs });
      const files = { ...pki, caJson: undefined, defaults: undefined, database: false };
      writeAuthority(layoutOf(stepPath), files);
    },
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}

/** Resolves when it serves. step-ca cannot be asked to take a free port, so the one in the file is used. */
export async function startCaProcess(
  program: CaProgram,
  files: Pick<CaFiles, 'folder' | 'configPath' | 'passwordPath'>,
): Promise<CaProcess> {
  const [file = '', ...args] = serveCommands[program];
  const child = spawn(file, [...args, files.configPath, '--password-file', files.passwordPath], {
    cwd: files.folder,
    env: { STEPPATH: files.folder, HOME: files.folder, PATH: process.env.PATH, ...compileCache },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output = await untilServing(child);
  const port = Number(/Serving HTTPS on \S*:(\d+)/.exec(output())?.[1]);
  const ended = async (): Promise<number | null> => {
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    return child.exitCode;
  };
  return {
    url: `https://localhost:${port}`,
    port,
    pid: child.pid ?? 0,
    output,
    signal: (name) => child.kill(name),
    stop() {
      child.kill('SIGTERM');
      return ended();
    },
    async kill() {
      child.kill('SIGKILL');
      await ended();
    },
  };
}

async function runCommand(args: readonly string[], stepPath: string, cwd: string): Promise<void> {
  await promisify(execFile)(command, args, {
    cwd,
    env: { STEPPATH: stepPath, HOME: cwd, PATH: process.env.PATH, ...compileCache },
  });
}

/** Runs `autocert-ca` to its end. Throws with its output when the exit code is not zero. */
export async function runOurs(args: readonly string[], stepPath: string, cwd: string): Promise<string> {
  const { code, output } = await tryOurs(args, stepPath, cwd);
  if (code !== 0) throw new Error(`autocert-ca ${args.join(' ')} ended with ${code}\n${output}`);
  return output;
}

export async function tryOurs(
  args: readonly string[],
  stepPath: string,
  cwd: string,
): Promise<{ code: number | null; output: string }> {
  const child = spawn(process.execPath, [ourMain, ...args], {
    cwd,
    env: { STEPPATH: stepPath, HOME: cwd, PATH: process.env.PATH, ...compileCache },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: startDeadlineMs,
  });
  const output = collect(child);
  await once(child, 'close');
  return { code: child.exitCode, output: output() };
}

const ourMain = join(import.meta.dirname, '../../ca/main.ts');
const command = join(import.meta.dirname, '../../bin/autocert');

const serveCommands: Readonly<Record<CaProgram, readonly string[]>> = {
  get 'step-ca'() {
    return [peerPath('step-ca')];
  },
  'autocert-ca': [process.execPath, ourMain, 'serve'],
  autocert: [command, 'ca', 'serve'],
};

function collect(child: ChildProcess): () => string {
  let text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk) => {
      text += chunk;
    });
  }
  return () => text;
}

function untilServing(child: ChildProcess): Promise<() => string> {
  const output = collect(child);
  return new Promise((resolve, reject) => {
    const settle = (problem?: string): void => {
      clearTimeout(deadline);
      for (const stream of [child.stdout, child.stderr]) stream?.removeListener('data', look);
      child.removeListener('exit', exited);
      if (problem === undefined) resolve(output);
      else reject(new Error(`CA ${problem}\n${output()}`));
    };
    const look = (): void => {
      if (/Serving HTTPS on \S+ /.test(output())) settle();
    };
    const exited = (code: number | null): void => settle(`ended with ${code}`);
    const deadline = setTimeout(() => {
      child.kill('SIGKILL');
      settle('does not serve');
    }, startDeadlineMs);
    for (const stream of [child.stdout, child.stderr]) stream?.on('data', look);
    child.once('error', (error) => settle(error.message));
    child.once('exit', exited);
  });
}
