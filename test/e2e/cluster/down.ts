/**
 * Takes the cluster away: processes, containers, mounts, cgroups, namespaces, machine settings, files. Works from whatever a
 * killed `up` or a crash has left, and touches only what the state folder names.
 */
import { existsSync, readdirSync, readFileSync, readlinkSync, rmdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { daemons, killDaemon, run } from './processes.ts';
import { inState, namespaceName, stateFolder } from './state.ts';

export async function down(): Promise<void> {
  if (!existsSync(stateFolder())) return;
  for (const name of daemons) killDaemon(name);
  await killPodProcesses();
  killDaemon('keeper');
  await run(['ip', 'netns', 'del', namespaceName]).catch(() => {}); // not made yet, or gone
  if (existsSync(inState('made-netns-mount')) && readdirSync('/run/netns').length === 0) {
    await run(['umount', '/run/netns']).catch(() => {});
  }
  for (const setting of lines('machine-settings')) await run(['sysctl', '-qw', setting]);
  for (const folder of lines('made-folders')) attempt(() => rmdirSync(folder)); // stays when somebody else uses it by now
  await removeState();
}

/** Ends every container of the node, and what runs in it. */
export async function killPodProcesses(): Promise<void> {
  killShims();
  await removePodCgroups();
}

/** Each container has a process of containerd beside it, which outlives containerd and knows its socket. */
function killShims(): void {
  const socket = inState('containerd.sock');
  for (const pid of processIds()) {
    const isShim = attempt(() => readlinkSync(`/proc/${pid}/exe`))?.includes('containerd-shim') ?? false;
    if (isShim && attempt(() => readFileSync(`/proc/${pid}/cmdline`, 'latin1'))?.includes(socket)) {
      attempt(() => process.kill(pid, 'SIGKILL'));
    }
  }
}

/** Ends what ran in pods and removes their cgroups. A killed process leaves its cgroup a moment later. */
async function removePodCgroups(): Promise<void> {
  if (!existsSync(inState('kubelet'))) return; // then they are not ours
  const controllers = readdirSync('/sys/fs/cgroup').map((name) => join('/sys/fs/cgroup', name, 'kubepods'));
  const tops = [...controllers, '/sys/fs/cgroup/kubepods'];
  for (let round = 0; round < 100 && tops.some((top) => existsSync(top)); round++) {
    for (const top of tops) {
      for (const folder of cgroupsBelow(top)) {
        const members = attempt(() => readFileSync(join(folder, 'cgroup.procs'), 'utf8')) ?? '';
        for (const pid of members.split('\n').filter(Boolean)) attempt(() => process.kill(Number(pid), 'SIGKILL'));
        attempt(() => rmdirSync(folder));
      }
    }
    await sleep(50);
  }
}

/** Deepest first. */
function cgroupsBelow(folder: string): string[] {
  const entries = attempt(() => readdirSync(folder, { withFileTypes: true })) ?? [];
  const below = entries.filter((entry) => entry.isDirectory()).flatMap(({ name }) => cgroupsBelow(join(folder, name)));
  return existsSync(folder) ? [...below, folder] : below;
}

/** Mounts of dead processes go a moment after them. */
async function removeState(): Promise<void> {
  for (let round = 0; existsSync(stateFolder()); round++) {
    try {
      rmSync(stateFolder(), { recursive: true, force: true });
    } catch (error) {
      if (round === 100) throw error;
      await sleep(50);
    }
  }
}

const processIds = (): number[] => readdirSync('/proc').map(Number).filter(Number.isInteger);

const lines = (file: string): string[] =>
  (attempt(() => readFileSync(inState(file), 'utf8')) ?? '').split('\n').filter(Boolean);

/** Undefined where it fails: what is to be removed may be gone. */
function attempt<Result>(action: () => Result): Result | undefined {
  try {
    return action();
  } catch {
    return undefined;
  }
}
