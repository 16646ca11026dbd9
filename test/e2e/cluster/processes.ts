/**
 * Daemons of the cluster: each in a session of its own, so that no signal of a terminal reaches it, with its log in a file.
 * The process id is kept with the time the process started, to tell it from a later one with the same number.
 */
import { execFile, spawn } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { patient } from '../patience.ts';
import { inState, namespaceName } from './state.ts';

/** In the order in which they end: those that start processes first. The data goes too, so nothing needs to end softly. */
export const daemons = [
  'kube-controller-manager',
  'kube-scheduler',
  'kubelet',
  'containerd',
  'kube-proxy',
  'coredns',
  'kube-apiserver',
  'etcd',
] as const;

/** Puts a command into the cluster's network namespace. */
export const insideNetwork = [`nsenter`, `--net=/run/netns/${namespaceName}`] as const;

/** Output of a command. Rejects with its standard error. */
export async function run(command: readonly string[], input?: string): Promise<string> {
  const [program = '', ...args] = command;
  const running = promisify(execFile)(program, args, { maxBuffer: 64 * 1024 * 1024 });
  running.child.stdin?.on('error', () => {}); // it may end before it has read everything; its exit code tells
  running.child.stdin?.end(input ?? '');
  try {
    return (await running).stdout;
  } catch (error) {
    const { stderr = '' } = error as { stderr?: string };
    throw new Error(`${program} ${args.join(' ')}: ${stderr.trim() || String(error)}`, { cause: error });
  }
}

/** Starts a daemon and returns its process id. */
export function startDaemon(name: string, command: readonly string[]): number {
  mkdirSync(inState('log'), { recursive: true });
  mkdirSync(inState('pid'), { recursive: true });
  const log = openSync(inState('log', `${name}.log`), 'a');
  const [program = '', ...args] = command;
  try {
    const child = spawn(program, args, {
      detached: true,
      stdio: ['ignore', log, log],
      env: { PATH: process.env.PATH, HOME: inState() }, // no proxy of the surroundings
    });
    child.once('error', () => {}); // a program that is not there shows as a daemon that has ended
    child.unref();
    const pid = child.pid ?? 0;
    writeFileSync(inState('pid', name), `${pid} ${startTimeOf(pid)}`);
    return pid;
  } finally {
    closeSync(log);
  }
}

/** Process id of a daemon; undefined when it has ended. */
export function daemonPid(name: string): number | undefined {
  try {
    const [pid = '', started] = readFileSync(inState('pid', name), 'utf8').split(' ');
    return started !== '' && startTimeOf(Number(pid)) === started ? Number(pid) : undefined;
  } catch {
    return undefined;
  }
}

/** True while a cluster is up; false where there is none, or where a crash or a restart of the machine has left its files. */
export const isUp = (): boolean =>
  existsSync(inState('ready')) && daemons.some((name) => daemonPid(name) !== undefined);

export function killDaemon(name: string): void {
  const pid = daemonPid(name);
  if (pid !== undefined) process.kill(pid, 'SIGKILL');
}

/** A process that was killed is gone a moment later. */
export async function untilGone(name: string): Promise<void> {
  while (daemonPid(name) !== undefined) await sleep(20);
}

/** Polls until `check` says yes. Fails at once, with the end of its log, when the daemon has ended. */
export async function untilReady(name: string, seconds: number, check: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + patient(seconds) * 1000;
  while (!(await check().catch(() => false))) {
    const ended = daemonPid(name) === undefined;
    if (ended || Date.now() > deadline)
      throw new Error(`${name} ${ended ? 'ended' : 'is not ready'}\n${logTail(name)}`);
    await sleep(100);
  }
}

export function logTail(name: string): string {
  try {
    return readFileSync(inState('log', `${name}.log`), 'utf8')
      .split('\n')
      .slice(-15)
      .join('\n');
  } catch {
    return '';
  }
}

/** Field 22 of /proc/PID/stat (proc(5)), counted behind the name, which may hold anything. Empty when there is none. */
function startTimeOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' ? '' : (fields[19] ?? '');
  } catch {
    return '';
  }
}
