/**
 * Makes commits durable without stopping the process for the disk. SQLite commits with synchronous=NORMAL: the frames
 * are in the write-ahead log, not yet on the disk. fdatasync on that log then runs beside the event loop, which verifies
 * and signs the next requests meanwhile; commits that end while one is under way share the next.
 *
 * It is what SQLite does for synchronous=FULL, one call later: nothing is answered before, and before a checkpoint SQLite
 * syncs the log by itself. A failed sync is final: the kernel may have dropped the pages it could not write, so a later
 * success would prove nothing.
 */
import { close, fdatasync, openSync } from 'node:fs';
import { promisify } from 'node:util';

export class WalSync {
  readonly #file: number;
  readonly #sync: (file: number) => Promise<void>;
  #current: Promise<void> | undefined;
  #next: Promise<void> | undefined;

  /**
   * @param path of the write-ahead log, which exists as long as a connection to the database is open
   * @param sync fdatasync, unless a test breaks it
   */
  constructor(path: string, sync: (file: number) => Promise<void> = promisify(fdatasync)) {
    this.#file = openSync(path, 'r+');
    this.#sync = sync;
  }

  /** Resolves when everything that was committed before the call is on the disk. */
  flush(): Promise<void> {
    // the one under way may have begun before the commit; the one after it has not
    if (this.#current !== undefined) {
      this.#next ??= this.#current.catch(() => {}).then(() => this.#start());
      return this.#next;
    }
    return this.#start();
  }

  #start(): Promise<void> {
    this.#next = undefined;
    const running = this.#sync(this.#file).finally(() => {
      if (this.#current === running) this.#current = undefined;
    });
    this.#current = running;
    return running;
  }

  async close(): Promise<void> {
    await this.#current?.catch(() => {}); // told to who waited for it
    await promisify(close)(this.#file);
  }
}
