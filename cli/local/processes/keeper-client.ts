/**
 * Processes of a local run, started through the keeper so that nothing outlives this command. Owns the temporary
 * folder: the keeper removes it when this process ends in whatever way.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { keeperLost } from '../errors.ts';
import type { FromKeeper, StartRequest, ToKeeper } from './protocol.ts';

/** How a process ended. */
export type Exit = {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** Why it could not even be started. */
  readonly failure?: string;
};

export interface RunningProcess {
  readonly exited: Promise<Exit>;
  /** To the whole process group; nothing happens when it has ended. */
  signal(signal: NodeJS.Signals): void;
}

export interface ProcessStarter {
  /** @param onLine a line of standard output or standard error, in order of arrival */
  start(request: StartRequest, onLine: (text: string) => void): RunningProcess;
}

type Entry = { onLine: (text: string) => void; resolve: (exit: Exit) => void; pid?: number };

export class KeeperClient implements ProcessStarter {
  /** Temporary folder of this run, the user's alone. */
  readonly folder: string;
  readonly #keeper: ChildProcess;
  readonly #entries = new Map<number, Entry>();
  readonly #ended: Promise<void>;
  #nextId = 0;
  #closing = false;
  #onLost: (error: Error) => void = () => {};

  /** @param keeperProgram path of keeper.ts, or of its bundle in the published package */
  constructor(keeperProgram: string) {
    this.folder = mkdtempSync(join(realpathSync(tmpdir()), 'autocert-local-'));
    this.#keeper = spawn(process.execPath, [keeperProgram, this.folder], {
      detached: true, // a Ctrl-C on the terminal is for this process; the keeper is told by the closed channel
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      env: { PATH: process.env.PATH ?? '' },
    });
    this.#keeper.on('message', (message: FromKeeper) => this.#receive(message));
    this.#ended = new Promise((resolve) => {
      const end = (how: string): void => {
        resolve();
        this.#release();
        if (!this.#closing) this.#onLost(keeperLost(how));
      };
      this.#keeper.once('error', (error) => end(error.message));
      this.#keeper.once('exit', (code, signal) => end(`ended (${signal ?? `exit code ${code}`})`));
    });
  }

  /** Called when the keeper is ended from outside; every process has been killed then. */
  onLost(listener: (error: Error) => void): void {
    this.#onLost = listener;
  }

  start(request: StartRequest, onLine: (text: string) => void): RunningProcess {
    const id = this.#nextId++;
    const { promise, resolve } = Promise.withResolvers<Exit>();
    if (this.#keeper.connected) {
      this.#entries.set(id, { onLine, resolve });
      this.#send({ type: 'start', id, ...request });
    } else resolve({ code: null, signal: null, failure: 'the local run is ending' });
    return { exited: promise, signal: (signal) => this.#send({ type: 'signal', id, signal }) };
  }

  /** Ends every process that is left, removes the folder and the keeper itself. */
  async close(): Promise<void> {
    this.#closing = true;
    if (this.#keeper.connected) this.#keeper.disconnect();
    await this.#ended;
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5 }); // a keeper that was killed could not
  }

  #send(message: ToKeeper): void {
    if (this.#keeper.connected) this.#keeper.send(message, () => {}); // when it fails, 'exit' tells
  }

  #receive(message: FromKeeper): void {
    const entry = this.#entries.get(message.id);
    if (!entry) return;
    if (message.type === 'started') entry.pid = message.pid;
    if (message.type === 'line') entry.onLine(message.text);
    if (message.type === 'failed' || message.type === 'exited') {
      this.#entries.delete(message.id);
      entry.resolve(
        message.type === 'failed'
          ? { code: 127, signal: null, failure: message.message }
          : { code: message.code, signal: message.signal },
      );
    }
  }

  /** Without the keeper nobody else would end the processes, nor tell how they ended. */
  #release(): void {
    for (const { pid, resolve } of this.#entries.values()) {
      if (pid !== undefined) killGroup(pid);
      resolve({ code: null, signal: 'SIGKILL' });
    }
    this.#entries.clear();
  }
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // it has ended already
  }
}
