/**
 * Group commit: changes that arrive while one commit is on its way to the disk share the next. A durable CA is as fast
 * as its disk answers; sharing the wait is what makes it faster. Questions to a server share their way alike.
 *
 * Keep: a change resolves or rejects only after the commit that holds it; when the commit fails, all in it fail.
 */

/** What one change came to; given by a commit that succeeded. */
export type Outcome = { readonly value: unknown } | { readonly error: unknown };

/** Makes all changes durable at once; the outcomes are in their order. */
export type Commit<Change> = (changes: readonly Change[]) => Promise<readonly Outcome[]>;

type Waiting<Change> = {
  readonly change: Change;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
};

export type GroupCommitLimits = {
  /** Bounds the time that one commit keeps others from running. */
  readonly maxChanges: number;
  /** Commits under way at the same time. */
  readonly maxCommits: number;
};

export class GroupCommit<Change> {
  readonly #commit: Commit<Change>;
  readonly #limits: GroupCommitLimits;
  #waiting: Waiting<Change>[] = [];
  #scheduled = false;
  #running = 0;
  #idle: (() => void)[] = [];

  constructor(commit: Commit<Change>, limits: GroupCommitLimits) {
    this.#commit = commit;
    this.#limits = limits;
  }

  /** Resolves to the outcome of `change` once it is durable. */
  add<Result>(change: Change): Promise<Result> {
    return new Promise<Result>((resolve, reject) => {
      this.#waiting.push({ change, resolve: resolve as (value: unknown) => void, reject });
      this.#schedule();
    });
  }

  /** Resolves when nothing waits any more. */
  async idle(): Promise<void> {
    while (this.#waiting.length > 0 || this.#running > 0) {
      await new Promise<void>((resolve) => this.#idle.push(resolve));
    }
  }

  /** After one turn of the event loop: requests that are already there join this commit. */
  #schedule(): void {
    if (this.#scheduled || this.#running >= this.#limits.maxCommits) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      void this.#run();
    });
  }

  async #run(): Promise<void> {
    const batch = this.#waiting.splice(0, this.#limits.maxChanges);
    if (batch.length === 0) return;
    this.#running++;
    if (this.#waiting.length > 0) this.#schedule();
    try {
      const outcomes = await this.#commit(batch.map(({ change }) => change));
      for (const [index, { resolve, reject }] of batch.entries()) {
        const outcome = outcomes[index] ?? { error: new TypeError('a commit gave no outcome') };
        if ('error' in outcome) reject(outcome.error);
        else resolve(outcome.value);
      }
    } catch (error) {
      for (const { reject } of batch) reject(error);
    }
    this.#running--;
    if (this.#waiting.length > 0) this.#schedule();
    else if (this.#running === 0) for (const resolve of this.#idle.splice(0)) resolve();
  }
}
