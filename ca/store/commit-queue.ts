/**
 * Group commit: changes that arrive while one commit is on its way to the disk share the next. A commit waits for the
 * disk (synchronous=FULL), and that wait is what limits a durable CA: sharing it is what makes it fast.
 *
 * Keep: a change resolves or rejects only after the commit that holds it; when the commit fails, all in it fail.
 */
import type { Kysely, Transaction } from 'kysely';
import { storeWrite } from './errors.ts';
import type { CaTables } from './schema.ts';

type Change = {
  readonly run: (transaction: Transaction<CaTables>) => Promise<unknown>;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
};

/** Bounds the time that one commit keeps others from running. */
const maxChangesPerCommit = 256;

export class CommitQueue {
  readonly #database: Kysely<CaTables>;
  #waiting: Change[] = [];
  #running: Promise<void> | undefined;

  constructor(database: Kysely<CaTables>) {
    this.#database = database;
  }

  /** Runs `change` in a transaction shared with others; resolves to its result once that is durable. */
  add<Result>(change: (transaction: Transaction<CaTables>) => Promise<Result>): Promise<Result> {
    return new Promise<Result>((resolve, reject) => {
      this.#waiting.push({ run: change, resolve: resolve as (value: unknown) => void, reject });
      this.#running ??= this.#drain();
    });
  }

  /** Resolves when nothing waits any more. */
  async idle(): Promise<void> {
    while (this.#running !== undefined) await this.#running;
  }

  async #drain(): Promise<void> {
    while (this.#waiting.length > 0) {
      // one turn of the event loop: requests that are already there join this commit
      await new Promise((resolve) => setImmediate(resolve));
      const batch = this.#waiting.splice(0, maxChangesPerCommit);
      const outcomes: (() => void)[] = [];
      try {
        await this.#database.transaction().execute(async (transaction) => {
          for (const { run, resolve, reject } of batch) {
            try {
              const value = await run(transaction);
              outcomes.push(() => resolve(value));
            } catch (error) {
              outcomes.push(() => reject(error)); // a refused change: the others go on
            }
          }
        });
      } catch (cause) {
        for (const { reject } of batch) reject(storeWrite(cause));
        continue;
      }
      for (const settle of outcomes) settle();
    }
    this.#running = undefined;
  }
}
