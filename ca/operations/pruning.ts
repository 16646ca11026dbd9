/**
 * Keeps the database from growing for ever: tokens that ended are forgotten, certificates that ended long ago are
 * deleted. In small batches with a pause after each, so that requests do not notice, and by one replica at a time.
 *
 * Keep: a token without an end is never forgotten, and a revocation never deleted: where renewal after expiry is
 * allowed, forgetting it would let a revoked certificate come back.
 */
import type { Logger } from '../../lib/log/index.ts';
import type { Clock, EpochMs } from '../../lib/time/index.ts';
import type { CertificateStore, PruneRequest } from '../authority/ports.ts';

const hourMs = 60 * 60 * 1000;
const dayMs = 24 * hourMs;

/** Ended tokens are kept this much longer, against a clock that is set back. */
export const keepTokensMs = dayMs;

/** Unless the operator says otherwise: long enough to look into what happened last month. */
export const defaultKeepExpiredMs = 30 * dayMs;

/** A few milliseconds of work on either database: SQLite deletes in the process that serves. */
const batchRows = 100;
/** One part work, so many parts rest. */
const restFactor = 9;
const minRestMs = 20;
const everyMs = hourMs;

export type Retention = {
  /** How long after its end a certificate is kept; undefined for good. */
  readonly keepExpiredMs: number | undefined;
};

export type Pruned = { readonly tokens: number; readonly certificates: number };

/** What may go now. */
export const pruneRequest = ({ keepExpiredMs }: Retention, now: EpochMs): PruneRequest => ({
  tokensEndedBefore: now - keepTokensMs,
  certificatesEndedBefore: keepExpiredMs === undefined ? undefined : now - keepExpiredMs,
  limit: batchRows,
});

/** Deletes everything that may go now. `busy`: another process does it. */
export async function pruneAll(
  store: Pick<CertificateStore, 'prune'>,
  retention: Retention,
  { clock, signal }: { readonly clock: Clock; readonly signal: AbortSignal },
): Promise<Pruned & { readonly busy: boolean }> {
  const request = pruneRequest(retention, clock.now());
  let [tokens, certificates] = [0, 0];
  while (!signal.aborted) {
    const began = clock.now();
    const outcome = await store.prune(request);
    if (outcome.kind === 'busy') return { tokens, certificates, busy: true };
    tokens += outcome.tokens;
    certificates += outcome.certificates;
    if (outcome.tokens < request.limit && outcome.certificates < request.limit) break;
    await clock.sleep(Math.max(minRestMs, restFactor * (clock.now() - began)), signal);
  }
  return { tokens, certificates, busy: false };
}

/** Prunes every hour until `signal` aborts. A failure is logged and the next hour tried again. */
export async function keepPruned(
  store: Pick<CertificateStore, 'prune'>,
  retention: Retention,
  options: { readonly clock: Clock; readonly logger: Logger; readonly signal: AbortSignal },
): Promise<void> {
  const { clock, logger, signal } = options;
  while (!signal.aborted) {
    try {
      const { tokens, certificates } = await pruneAll(store, retention, options);
      if (tokens + certificates > 0) logger.info('database pruned', { tokens, certificates });
    } catch (error) {
      logger.error('database not pruned', { error });
    }
    await clock.sleep(everyMs, signal);
  }
}
