/** Ten pods' worth of either daemon, each with a certificate of its own, as processes. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { peerPath } from '../../tools/peers/index.ts';
import type { RunningAuthority } from '../ca/servers.ts';
import { enrolmentOf } from '../init-container/contenders.ts';
import { bundleFor, commandFor } from '../programs.ts';

export type Daemon = {
  readonly pid: number;
  /** Asks for a renewal (SIGHUP), and resolves when the new certificate is there and the daemon waits again. */
  renew(): Promise<void>;
};

export type Daemons = { readonly all: readonly Daemon[]; stop(): Promise<void> };

type Pod = { readonly folder: string; readonly certificate: string; readonly key: string; readonly root: string };
type Kind = {
  readonly command: (pod: Pod) => readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly waits: (pid: number) => boolean | Promise<boolean>;
};

export const instances = 10;

export async function startOurs(authority: RunningAuthority): Promise<Daemons> {
  const command = await commandFor('autocert-renewer');
  return startAll(authority, {
    command: () => command,
    env: {},
    waits: (pid) => readFileSync(`/proc/${pid}/cmdline`, 'latin1').startsWith('autocert-sleeper'),
  });
}

export function startStep(authority: RunningAuthority): Promise<Daemons> {
  return startAll(authority, {
    command: ({ certificate, key, root }) => [
      ...[peerPath('step'), 'ca', 'renew', '--daemon', '--force', '--root', root],
      ...['--ca-url', `https://localhost:${authority.port}`, certificate, key],
    ],
    env: {},
    waits: isQuiet,
  });
}

/** It says nothing when it waits: it does, when it has not run for a while. */
async function isQuiet(pid: number): Promise<boolean> {
  const switches = (): string =>
    /^voluntary_ctxt_switches:\s+(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? '';
  const before = switches();
  await delay(500);
  return switches() === before;
}

async function startAll(authority: RunningAuthority, kind: Kind): Promise<Daemons> {
  const folder = mkdtempSync(join(tmpdir(), 'autocert-bench-'));
  const children: ChildProcess[] = [];
  const stop = async (): Promise<void> => {
    for (const child of children) child.kill('SIGKILL');
    for (const child of children) if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    const all: Daemon[] = [];
    for (let index = 0; index < instances; index++) {
      const pod = await createPod(authority, join(folder, String(index)));
      const [file = '', ...args] = kind.command(pod);
      const child = spawn(file, args, {
        cwd: pod.folder,
        env: environmentOf(authority, pod, kind.env),
        stdio: 'ignore',
      });
      children.push(child);
      const pid = child.pid ?? 0;
      await until(async () => await kind.waits(pid), `${file} ${args[0]} does not come to rest`);
      all.push({
        pid,
        async renew() {
          const before = readFileSync(pod.certificate, 'latin1');
          process.kill(pid, 'SIGHUP');
          await until(() => readFileSync(pod.certificate, 'latin1') !== before, `${file} does not renew`);
          await until(async () => await kind.waits(pid), `${file} does not come to rest`);
        },
      });
    }
    return { all, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

const environmentOf = (
  authority: RunningAuthority,
  { folder, certificate, key, root }: Pod,
  more: Readonly<Record<string, string>>,
): Record<string, string> => ({
  PATH: process.env.PATH ?? '',
  HOME: folder,
  STEPPATH: folder,
  TMPDIR: folder,
  STEP_CA_URL: `https://localhost:${authority.port}`,
  COMMON_NAME: 'web.shop.svc.cluster.local',
  CRT: certificate,
  KEY: key,
  STEP_ROOT: root,
  ...more,
});

/** The files that the init container leaves. */
async function createPod(authority: RunningAuthority, folder: string): Promise<Pod> {
  mkdirSync(folder);
  const at = (name: string): string => join(folder, name);
  const pod = { folder, certificate: at('site.crt'), key: at('site.key'), root: at('root.crt') };
  const enrolment = await enrolmentOf(authority, authority.port);
  execFileSync(process.execPath, [await bundleFor('autocert-bootstrapper')], {
    env: { ...environmentOf(authority, pod, {}), ...enrolment, AUTOCERT_DEADLINE: '0s' },
    stdio: 'ignore',
  });
  return pod;
}

async function until(holds: () => boolean | Promise<boolean>, otherwise: string): Promise<void> {
  const deadline = performance.now() + 30_000;
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(otherwise);
    await delay(20);
  }
}
