/**
 * What a process costs, from /proc (proc(5)): CPU time of all its threads, the ended ones too, and memory that is its
 * own. Linux only.
 */
import { readdirSync, readFileSync } from 'node:fs';

/** USER_HZ of proc(5): 100 on every Linux that Node runs on. */
const ticksPerSecond = 100;

/** CPU so far in ms, user and system, in steps of 10. */
export const cpuMs = (pid: number): number => parseCpuMs(readFileSync(`/proc/${pid}/stat`, 'utf8'));

/** utime and stime are fields 14 and 15; the name in field 2 may hold blanks and brackets. */
export function parseCpuMs(stat: string): number {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return ((Number(fields[11]) + Number(fields[12])) * 1000) / ticksPerSecond;
}

/** All in kB. */
export type Memory = { readonly rss: number; readonly pss: number; readonly privateDirty: number };

export const memoryOf = (pid: number): Memory => parseMemory(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'));

export function parseMemory(rollup: string): Memory {
  const read = (name: string): number =>
    Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(rollup)?.[1] ?? Number.NaN);
  return { rss: read('Rss'), pss: read('Pss'), privateDirty: read('Private_Dirty') };
}

/** Time on a CPU so far of the threads that live, in ns: for what is too little for {@link cpuMs}. */
export const runNs = (pid: number): number =>
  readdirSync(`/proc/${pid}/task`)
    .map((thread) => parseRunNs(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8')))
    .reduce((sum, ns) => sum + ns, 0);

/** The first of three figures. */
export const parseRunNs = (schedstat: string): number => Number(schedstat.split(' ', 1)[0]);
