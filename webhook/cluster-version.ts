/**
 * Keeps the version of the cluster in view: what it says about native sidecars may change under a running webhook.
 */
import type { KubernetesVersion } from '../lib/kubernetes/index.ts';
import type { Logger } from '../lib/log/index.ts';
import { type BackoffPolicy, backoffMs, type Clock } from '../lib/time/index.ts';
import type { ServerVersionReader } from './ports.ts';
import type { Readiness } from './readiness.ts';

const refreshMs = 3_600_000;
const retry: BackoffPolicy = { firstMs: 500, maxMs: 60_000 };

/** Reads the version at start and every hour, until `signal` aborts; a cluster is upgraded under a running webhook. */
export async function watchClusterVersion(
  kubernetes: ServerVersionReader,
  deps: { readonly clock: Clock; readonly random: () => number; readonly log: Logger; readonly readiness: Readiness },
  onVersion: (version: KubernetesVersion) => void,
  signal: AbortSignal,
): Promise<void> {
  const { clock, random, log, readiness } = deps;
  let failures = 0;
  while (!signal.aborted) {
    let waitMs = refreshMs;
    try {
      const version = await kubernetes.serverVersion();
      if (!readiness.passes('kubernetes')) log.info('cluster version', { version: version.gitVersion });
      readiness.pass('kubernetes');
      onVersion(version);
      failures = 0;
    } catch (error) {
      // What was learned once is good enough until the next answer.
      if (!readiness.passes('kubernetes')) readiness.fail('kubernetes', error);
      log.warn('cluster version cannot be read', { error });
      waitMs = backoffMs(retry, failures++, random());
    }
    await clock.sleep(waitMs, signal);
  }
}
