/**
 * How many token Secrets a namespace may have at a time, so that a loop that creates pods, or somebody who calls /mutate by
 * hand, cannot fill etcd. Pure: counts what the last sweep saw in the cluster and what this replica has made since.
 */
import type { EpochMs } from '../../lib/time/index.ts';
import type { LiveSecret } from './sweeper.ts';

/** `madeAt` of one that this replica made. */
type Counted = { readonly expiresAt: EpochMs; readonly madeAt?: EpochMs };

export class SecretBudget {
  readonly #limit: number;
  #counted = new Map<string, Counted[]>();

  /** @param limit live Secrets of one namespace; 0 for any number */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Whether the namespace may have another one. */
  hasRoom(namespace: string, now: EpochMs): boolean {
    const counted = this.#counted.get(namespace);
    if (this.#limit === 0 || !counted || counted.length < this.#limit) return true;
    const live = counted.filter(({ expiresAt }) => expiresAt > now);
    this.#counted.set(namespace, live);
    return live.length < this.#limit;
  }

  /** This replica is making another one. */
  add(namespace: string, now: EpochMs, expiresAt: EpochMs): void {
    if (this.#limit > 0) this.#listOf(namespace).push({ expiresAt, madeAt: now });
  }

  /** A sweep that began at `startedAt` saw these. What was made since then may not be among them. */
  observe(live: readonly LiveSecret[], startedAt: EpochMs): void {
    if (this.#limit === 0) return;
    const before = this.#counted;
    this.#counted = new Map();
    for (const { namespace, expiresAt } of live) this.#listOf(namespace).push({ expiresAt });
    for (const [namespace, counted] of before) {
      const since = counted.filter(({ madeAt }) => madeAt !== undefined && madeAt >= startedAt);
      if (since.length > 0) this.#listOf(namespace).push(...since);
    }
  }

  #listOf(namespace: string): Counted[] {
    const known = this.#counted.get(namespace);
    if (known) return known;
    const fresh: Counted[] = [];
    this.#counted.set(namespace, fresh);
    return fresh;
  }
}
