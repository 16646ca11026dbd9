/**
 * Deletes token Secrets whose token has expired. Every replica sweeps: at start, so that a crash leaves nothing behind,
 * and once a minute. Replicas meet on the same Secret; who comes second finds it gone, which is as good.
 */
import { isAppError } from '../../lib/errors/index.ts';
import type { ObjectMetadata } from '../../lib/kubernetes/index.ts';
import type { Logger } from '../../lib/log/index.ts';
import type { Clock, EpochMs } from '../../lib/time/index.ts';
import type { SecretStore } from '../ports.ts';
import { tokenSecretExpiry, tokenSecretLabel } from './token-secret.ts';

/** What a round found. `failed` have expired and are still there. */
export type SweepResult = { readonly seen: number; readonly deleted: number; readonly failed: number };

export type SweepVisitor = {
  live(secret: ObjectMetadata, expiresAt: EpochMs): void;
  deleted(secret: ObjectMetadata): void;
};

/** What a whole round means to others. */
export type RoundReport = SweepResult & {
  readonly startedAt: EpochMs;
  readonly live: readonly LiveSecret[];
  readonly deletedSecrets: readonly ObjectMetadata[];
};

export type LiveSecret = { readonly namespace: string; readonly expiresAt: EpochMs };

const intervalMs = 60_000;

/**
 * One round over all pages. A Secret that cannot be deleted is left for the next round.
 *
 * @param visitor told of each Secret that is still good, and of each that this round took away
 * @throws {AppError} when a page cannot be listed
 */
export async function sweepTokenSecrets(
  store: Pick<SecretStore, 'listSecrets' | 'deleteSecret'>,
  now: EpochMs,
  visitor: Partial<SweepVisitor> = {},
): Promise<SweepResult> {
  let [seen, deleted, failed] = [0, 0, 0];
  let continueToken: string | undefined;
  do {
    const page = await store.listSecrets(`${tokenSecretLabel}=true`, continueToken);
    for (const secret of page.items) {
      seen += 1;
      const expiresAt = tokenSecretExpiry(secret);
      if (expiresAt > now) {
        visitor.live?.(secret, expiresAt);
        continue;
      }
      try {
        if (!(await store.deleteSecret(secret))) continue;
        deleted += 1;
        visitor.deleted?.(secret);
      } catch (error) {
        if (!isAppError(error)) throw error;
        if (error.kind !== 'conflict') failed += 1; // conflict: another Secret has taken the name meanwhile
      }
    }
    continueToken = page.continueToken;
  } while (continueToken !== undefined);
  return { seen, deleted, failed };
}

/**
 * Sweeps until `signal` aborts. `random` spreads the rounds of several replicas.
 *
 * @param onRound called after each round that went through; the next one waits for it
 */
export async function runSweeper(
  store: Pick<SecretStore, 'listSecrets' | 'deleteSecret'>,
  deps: { readonly clock: Clock; readonly random: () => number; readonly log: Logger },
  onRound: (report: RoundReport) => void | Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    try {
      const startedAt = deps.clock.now();
      const live: LiveSecret[] = [];
      const deletedSecrets: ObjectMetadata[] = [];
      const result = await sweepTokenSecrets(store, startedAt, {
        live: ({ namespace }, expiresAt) => live.push({ namespace, expiresAt }),
        deleted: (secret) => deletedSecrets.push(secret),
      });
      if (result.deleted > 0 || result.failed > 0) deps.log.info('token secrets swept', result);
      await onRound({ ...result, startedAt, live, deletedSecrets });
    } catch (error) {
      deps.log.warn('token secrets could not be swept', { error });
    }
    await deps.clock.sleep(intervalMs * (0.75 + deps.random() / 2), signal);
  }
}
