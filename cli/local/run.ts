/**
 * `autocert local run`: manifests in, lines of all containers out, until every pod has ended or somebody interrupts.
 * Standard output carries what containers print; everything said about them goes to standard error.
 */
import { readFileSync } from 'node:fs';
import { systemClock } from '../../lib/time/index.ts';
import { fileUnreadable } from '../errors.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { podsFailed } from './errors.ts';
import { aborted, withInterruption } from './interruption.ts';
import { type ClusterObserver, type ClusterOptions, LocalCluster } from './local-cluster.ts';
import { checkManifests } from './manifests/check-manifests.ts';
import { type Manifests, readManifests } from './manifests/read-manifests.ts';
import { describeReachableServices } from './network/reachable-services.ts';
import type { LocalPod, PodEvent } from './pods/local-pod.ts';

/** How often new listeners are looked for. */
const lookMs = 500;

/** @returns the exit code */
export async function runLocally(
  paths: readonly string[],
  options: ClusterOptions,
  terminal: Terminal,
): Promise<number> {
  const manifests = paths.map(loadManifests);
  const objects = manifests.flatMap((one) => one.objects);
  const limits = checkManifests(objects, options.namespace, options.images);
  for (const note of [...manifests.flatMap(({ notes }) => notes), ...limits]) terminal.note(note);
  return withInterruption(async (interruption) => {
    const observer = createObserver(terminal);
    const done = new AbortController();
    let cluster: LocalCluster | undefined;
    try {
      cluster = await LocalCluster.start(options, systemClock, observer, interruption.asked);
      interruption.insisted.addEventListener('abort', () => cluster?.killPods());
      await cluster.apply(objects);
      void showServices(cluster, terminal, done.signal);
      const ended = await Promise.race([cluster.ended(), cluster.lost, aborted(interruption.asked)]);
      const failed = (ended ?? []).filter(({ phase }) => phase === 'Failed');
      if (failed.length > 0) throw podsFailed(failed.map(({ pod }) => pod.key));
    } catch (error) {
      if (!interruption.asked.aborted) throw error; // what breaks while it ends is not news
    } finally {
      done.abort();
      if (interruption.asked.aborted) terminal.note('ending; once more to end at once');
      await cluster?.stop();
    }
    return interruption.exitCode() ?? 0;
  });
}

/** @throws {AppError} ERR_CLI_FILE (not-found), ERR_LOCAL_MANIFEST, ERR_LOCAL_NOT_SIMULATED (invalid) */
export function loadManifests(path: string): Manifests {
  let text: string;
  try {
    text = readFileSync(path === '-' ? 0 : path, 'utf8');
  } catch (error) {
    throw fileUnreadable(path, error);
  }
  return readManifests(text, path === '-' ? 'standard input' : path);
}

function createObserver(terminal: Terminal): ClusterObserver {
  const { dim, red } = terminal.outStyles;
  const label = (pod: LocalPod, container: string): string => `${pod.pod.metadata.name}/${container}`;
  return {
    note: (text) => terminal.note(text),
    podEvent(pod, event) {
      if (event.type === 'line') terminal.write(`${dim(`${label(pod, event.container)} |`)} ${event.text}\n`);
      const text = describeEvent(event);
      if (text !== undefined) terminal.note(`${label(pod, 'container' in event ? event.container : '')}: ${red(text)}`);
    },
  };
}

/** What is worth a line of its own: a bad end, and a new start. */
function describeEvent(event: PodEvent): string | undefined {
  if (event.type === 'restarting') return `starts again in ${event.inMs / 1000} s`;
  if (event.type !== 'exited' || event.exit.code === 0 || event.exit.signal === 'SIGTERM') return undefined;
  const { code, signal, failure } = event.exit;
  return failure ?? (signal ? `ended by ${signal}` : `ended with exit code ${code}`);
}

/** Tells once for each Service how programs outside reach it. */
async function showServices(cluster: LocalCluster, terminal: Terminal, stop: AbortSignal): Promise<void> {
  const shown = new Set<string>();
  while (!stop.aborted) {
    for (const { name, how } of describeReachableServices(cluster.network.table, cluster.network.findLocalPort)) {
      if (!shown.has(name)) terminal.note(`Service ${name}: ${how}`);
      shown.add(name);
    }
    await systemClock.sleep(lookMs, stop);
  }
}
