/** A pod as far as its certificate goes: a volume, an environment, and the two programs run in it as processes. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import {
  type CertificatePaths,
  openCertificateSet,
  pathsIn,
  readCertificateSet,
} from '../../../lib/certificate-files/index.ts';
import { serialDecimal } from '../../../lib/x509/index.ts';

export type LogLine = { readonly level: string; readonly msg: string; readonly [field: string]: unknown };

export type Ended = {
  readonly code: number | null;
  readonly signal: string | null;
  readonly lines: readonly LogLine[];
  readonly output: string;
};

/** A program that runs. */
export type Running = {
  readonly child: ChildProcess;
  /** The next line, from the last one waited for, that fits; fails when the program ends first. */
  waitFor(message: string): Promise<LogLine>;
  readonly ended: Promise<Ended>;
};

export type Pod = {
  readonly folder: string;
  readonly volume: string;
  readonly paths: CertificatePaths;
  /** Runs the init container to its end. */
  bootstrap(env: Readonly<Record<string, string>>): Promise<Ended>;
  startBootstrapper(env: Readonly<Record<string, string>>): Running;
  startRenewer(env: Readonly<Record<string, string>>): Running;
  /** Serial of the certificate on the volume, whose set is checked to belong together. */
  serial(): string;
};

const root = join(import.meta.dirname, '../../..');

/** @param inVolume commands before each program: what enters the namespace in which the volume is mounted */
export function createPod(
  t: Pick<TestContext, 'after'>,
  inVolume: (volume: string) => readonly string[] = () => [],
): Pod {
  const folder = mkdtempSync(join(tmpdir(), 'autocert-pod-'));
  const volume = join(folder, 'certs');
  const temporary = join(folder, 'tmp');
  mkdirSync(volume);
  mkdirSync(temporary);
  const paths = pathsIn(volume);
  const processes: Running[] = [];
  t.after(async () => {
    for (const { child } of processes) child.kill('SIGKILL');
    await Promise.all(processes.map(({ ended }) => ended));
    rmSync(folder, { recursive: true, force: true });
  });
  const start = (entry: string, env: Readonly<Record<string, string>>): Running => {
    const [program = '', ...args] = [...inVolume(volume), process.execPath, join(root, entry)];
    const child = spawn(program, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        PATH: process.env.PATH ?? '',
        TMPDIR: temporary,
        CRT: paths.certificate,
        KEY: paths.key,
        STEP_ROOT: paths.root,
        COMMON_NAME: 'web',
        AUTOCERT_LOG_LEVEL: 'debug',
        AUTOCERT_IDLE: 'resident',
        AUTOCERT_TERMINATION_LOG: join(folder, 'termination-log'),
        ...env,
      },
    });
    const running = watch(child);
    processes.push(running);
    return running;
  };
  return {
    folder,
    volume,
    paths,
    bootstrap: (env) => start('init-container/main.ts', env).ended,
    startBootstrapper: (env) => start('init-container/main.ts', env),
    startRenewer: (env) => start('renewer/main.ts', env),
    serial() {
      const set = readCertificateSet(paths);
      if (!set) throw new Error(`no whole set in ${volume}`);
      return serialDecimal(openCertificateSet(set).leaf);
    },
  };
}

/** Longer than anything that works takes on a busy machine. */
const patienceMs = 60_000;

function watch(child: ChildProcess): Running {
  const lines: LogLine[] = [];
  let output = '';
  let rest = '';
  let seen = 0;
  let over = false;
  let wake = (): void => {};
  child.stderr?.on('data', (chunk: Buffer) => {
    output += chunk.toString();
  });
  child.stdout?.on('data', (chunk: Buffer) => {
    output += chunk.toString();
    const parts = (rest + chunk.toString()).split('\n');
    rest = parts.pop() ?? '';
    lines.push(...parts.map((part) => JSON.parse(part) as LogLine));
    wake();
  });
  const ended = new Promise<Ended>((resolve) => {
    child.once('close', (code, signal) => {
      over = true;
      wake();
      resolve({ code, signal, lines, output });
    });
  });
  return {
    child,
    ended,
    async waitFor(message) {
      const deadline = AbortSignal.timeout(patienceMs);
      for (;;) {
        while (seen < lines.length) {
          const line = lines[seen++];
          if (line?.msg === message) return line;
        }
        if (over || deadline.aborted) throw new Error(`no "${message}" in the end of:\n${output.slice(-3000)}`);
        await new Promise<void>((resolve) => {
          wake = resolve;
          deadline.addEventListener('abort', () => resolve(), { once: true });
        });
      }
    },
  };
}

/** What the kubelet does before the first container starts. */
export const terminationMessagePath = (pod: Pod): string => join(pod.folder, 'termination-log');
