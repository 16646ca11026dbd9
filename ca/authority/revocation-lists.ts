/**
 * The revocation list of a CA: made at the start, when it is due and, if the operator wants it, with every revocation.
 * It lives in the store, so that every replica serves the same one and its number never goes back.
 *
 * Revoked certificates leave the list an hour after their end; those that were issued elsewhere stay in it, since nobody
 * here knows their end (step-ca).
 */
import type { Logger } from '../../lib/log/index.ts';
import { type Clock, type EpochMs, sleepUntil } from '../../lib/time/index.ts';
import type { RevocationListIssuer } from '../../lib/x509/index.ts';
import type { RevocationListSettings } from '../config/index.ts';
import type { CertificateStore, RevocationList, RevokedEntry } from './ports.ts';
import { wholeSeconds } from './validity.ts';

type Store = Pick<CertificateStore, 'findRevocationList' | 'updateRevocationList'>;

const keepExpiredMs = 60 * 60 * 1000;
/** How late a clock that was set is noticed. */
const lookMs = 30_000;
const retryMs = 10_000;

export class RevocationLists {
  readonly settings: RevocationListSettings;
  readonly #issuer: RevocationListIssuer;
  readonly #store: Store;
  readonly #clock: Clock;
  #last: Promise<unknown> = Promise.resolve();
  #next: Promise<void> | undefined;

  constructor(issuer: RevocationListIssuer, settings: RevocationListSettings, store: Store, clock: Clock) {
    this.settings = settings;
    this.#issuer = issuer;
    this.#store = store;
    this.#clock = clock;
  }

  /** The list that is served; undefined before the first one. */
  current = (): Promise<RevocationList | undefined> => this.#store.findRevocationList();

  /**
   * Makes a new list that knows every revocation before this call. Calls that come while one is made share the next.
   * @throws {AppError} those of the store
   */
  generate(): Promise<void> {
    this.#next ??= this.#last
      .catch(() => {}) // told to those who asked for that one
      .then(() => {
        this.#next = undefined;
        return this.#update(() => true);
      });
    this.#last = this.#next;
    return this.#next;
  }

  /** Makes a new list whenever the current one, whichever replica made it, is old enough; until `signal` aborts. */
  async keep({ logger, signal }: { readonly logger: Logger; readonly signal: AbortSignal }): Promise<void> {
    let due = this.#clock.now() + this.settings.renewPeriodMs;
    while (!signal.aborted) {
      await sleepUntil(this.#clock, due, lookMs, signal);
      if (signal.aborted) return;
      try {
        await this.#update((current) => this.#isDue(current));
        const current = await this.current();
        due = Math.max(this.#dueTime(current), this.#clock.now() + 1000);
        logger.info('revocation list is current', { number: current?.number });
      } catch (error) {
        logger.error('revocation list not made', { error });
        due = this.#clock.now() + Math.min(retryMs, this.settings.renewPeriodMs);
      }
    }
  }

  async #update(isWanted: (current: RevocationList | undefined) => boolean): Promise<void> {
    const endedBefore = this.#clock.now() - keepExpiredMs;
    await this.#store.updateRevocationList(endedBefore, (current, revoked) =>
      isWanted(current) ? this.#build((current?.number ?? -1) + 1, revoked) : undefined,
    );
  }

  #build(number: number, revoked: readonly RevokedEntry[]): RevocationList {
    const { cacheDurationMs, distributionPoint } = this.settings;
    const thisUpdate = wholeSeconds(this.#clock.now());
    const nextUpdate = wholeSeconds(thisUpdate + cacheDurationMs);
    const entries = revoked.map(({ serial, revokedAt, reasonCode }) => ({
      serial: BigInt(serial),
      revokedAt,
      reasonCode,
    }));
    const der = this.#issuer.issue({ number, thisUpdate, nextUpdate, entries, distributionPoint });
    return { number, der, thisUpdate, nextUpdate };
  }

  #isDue = (current: RevocationList | undefined): boolean => this.#dueTime(current) <= this.#clock.now();

  #dueTime = (current: RevocationList | undefined): EpochMs =>
    current === undefined ? 0 : current.thisUpdate + this.settings.renewPeriodMs;
}
