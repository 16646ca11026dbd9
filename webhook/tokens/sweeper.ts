/**
 * Deletes token Secrets whose token has expired. Every replica sweeps: at start, so that a crash leaves nothing behind,
 * and once a minute. Replicas meet on the same Secret; who comes second finds it gone, which is as good.
 */
import { isAppError } from '../../lib/errors/index.ts';
import type { Logger } from '../../lib/log/index.ts';
import type { Clock, EpochMs } from '../../lib/time/index.ts';
import type { SecretStore } from '../ports.ts';
import { tokenSecretExpiry, tokenSecretLabel } from './token-secret.ts';

/** What a round found. */
export type SweepResult = { readonly seen: number; readonly deleted: number; readonly failed: number };

const intervalMs = 60_000;

/**
 * One round over all pages. A Secret that cannot be deleted is left for the next round.
 *
 * @throws {AppError} when a page cannot be listed
 */
export async function sweepTokenSecrets(store: SecretStore, now: EpochMs): Promise<SweepResult> {
  let [seen, deleted, failed] = [0, 0, 0];
  let continueToken: string | undefined;
  do {
    const page = await store.listSecrets(`${tokenSecretLabel}=true`, continueToken);
    for (const secret of page.items) {
      seen += 1;
      if (tokenSecretExpiry(secret) > now) continue;
      try {
        if (await store.deleteSecret(secret)) deleted += 1;
      } catch (error) {
        if (!isAppError(error)) throw error;
        if (error.kind !== 'conflict') failed += 1; // conflict: another Secret has taken the name meanwhile
      }
    }
    continueToken = page.continueToken;
  } while (continueToken !== undefined);
  return { seen, deleted, failed };
}

/** Sweeps until `signal` aborts. `random` spreads the rounds of several replicas. */
export async function runSweeper(
  store: SecretStore,
  deps: { readonly clock: Clock; readonly random: () => number; readonly log: Logger },
  onRound: (result: SweepResult) => void,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    try {
      const result = await sweepTokenSecrets(store, deps.clock.now());
      if (result.deleted > 0 || result.failed > 0) deps.log.info('token secrets swept', result);
      onRound(result);
    } catch (error) {
      deps.log.warn('token secrets could not be swept', { error });
    }
    await deps.clock.sleep(intervalMs * (0.75 + deps.random() / 2), signal);
  }
}
