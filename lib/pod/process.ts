/** What both pod programs do to their own process: close it against curious neighbours, and leave a last word. */
import { accessSync, constants, writeFileSync } from 'node:fs';
import { isTransient } from '../errors/index.ts';
import type { Environment } from './environment.ts';
import { describeForPeople } from './errors.ts';

/** How the programs end. A kubelet restarts the container either way; people and `autocert local` tell them apart. */
export const exitCodes = {
  done: 0,
  /** The same again may succeed. */
  retriable: 1,
  /** Somebody has to change something. */
  final: 2,
} as const;

export const exitCodeFor = (error: unknown): number => (isTransient(error) ? exitCodes.retriable : exitCodes.final);

/**
 * Keeps keys and tokens inside the process: no memory in core dumps, no environment in diagnostic reports, and no
 * debugger on SIGUSR1, which every container of the pod could reach on 127.0.0.1.
 */
export function closeProcess(): void {
  try {
    writeFileSync('/proc/self/coredump_filter', '0'); // core(5): no mapping of any kind is dumped
  } catch {
    // not Linux, or /proc is not writable; then core dumps are as the machine has them
  }
  if (process.report) {
    process.report.reportOnFatalError = false;
    process.report.reportOnUncaughtException = false;
    process.report.reportOnSignal = false;
    process.report.excludeEnv = true;
  }
  process.on('SIGUSR1', () => {});
}

/**
 * Leaves the reason where `kubectl describe pod` shows it. AUTOCERT_TERMINATION_LOG is for pods that set
 * terminationMessagePath. Not there or not writable: then the log has it.
 */
export function writeTerminationMessage(env: Environment, error: unknown): void {
  const path = env.AUTOCERT_TERMINATION_LOG || '/dev/termination-log';
  try {
    accessSync(path, constants.W_OK); // the kubelet has created it; we do not
    writeFileSync(path, describeForPeople(error).slice(0, 4096)); // 4096: what the kubelet reads
  } catch {
    // as said above
  }
}
