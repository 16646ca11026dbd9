/**
 * Runs `autocert` as a person does, with a temporary folder of its own: what it leaves there, and which processes still
 * mention it, is what it has left behind.
 */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { compileCache } from '../../peers/compile-cache.ts';

export const root = fileURLToPath(new URL('../../../', import.meta.url));
export const exampleFolder = join(root, 'examples', 'hello-mtls', 'node');

export type Result = { readonly code: number | null; readonly out: string; readonly err: string };

/** How long anything of a local run may take on a busy machine before a test gives up. */
const patienceMs = 90_000;

export class RunningCommand {
  /** TMPDIR of the command. */
  readonly folder: string;
  readonly #child: ChildProcess;
  readonly #ended: Promise<number | null>;
  #out = '';
  #err = '';

  constructor(args: readonly string[], options: { readonly cwd?: string } = {}) {
    this.folder = realpathSync(mkdtempSync(join(tmpdir(), 'autocert-test-')));
    this.#child = spawn(process.execPath, [join(root, 'cli', 'main.ts'), ...args], {
      cwd: options.cwd ?? root,
      env: { PATH: process.env.PATH ?? '', HOME: this.folder, TMPDIR: this.folder, ...compileCache },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child.stdout?.on('data', (chunk: Buffer) => {
      this.#out += chunk;
    });
    this.#child.stderr?.on('data', (chunk: Buffer) => {
      this.#err += chunk;
    });
    this.#ended = new Promise((resolve) => this.#child.once('close', resolve));
  }

  get out(): string {
    return this.#out;
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Waits until standard output matches so often. */
  async untilOutput(pattern: RegExp, count = 1): Promise<void> {
    const all = new RegExp(pattern.source, 'gm');
    await this.#until(() => (this.#out.match(all)?.length ?? 0) >= count, `${count} times ${pattern}`);
  }

  async untilNote(pattern: RegExp): Promise<void> {
    await this.#until(() => pattern.test(this.#err), `${pattern} on standard error`);
  }

  async result(): Promise<Result> {
    const code = await this.#ended;
    return { code, out: this.#out, err: this.#err };
  }

  /** Waits until neither process nor file of the run is left. */
  async untilGone(): Promise<void> {
    await this.#ended;
    await this.#until(() => this.left().length === 0, 'nothing left of the run');
  }

  /** What is left of the run at this moment, for a message. */
  left(): string[] {
    return [...readdirSync(this.folder), ...processesMentioning(this.folder).map(({ commandLine }) => commandLine)];
  }

  /** Ends whatever is still there; after it the test has left nothing behind. */
  async dispose(): Promise<void> {
    if (this.#child.exitCode === null) this.#child.kill('SIGKILL');
    await this.#ended;
    for (const { pid } of processesMentioning(this.folder)) killQuietly(pid);
    rmSync(this.folder, { recursive: true, force: true });
  }

  async #until(done: () => boolean, what: string): Promise<void> {
    const deadline = Date.now() + patienceMs;
    while (!done()) {
      if (Date.now() > deadline)
        assert.fail(`waited in vain for ${what}\n${this.#out}\n${this.#err}\n${this.left().join('\n')}`);
      await sleep(50);
    }
  }
}

/** Starts a command for the length of a test. */
export async function withCommand<T>(
  args: readonly string[],
  body: (command: RunningCommand) => Promise<T>,
  options: { readonly cwd?: string } = {},
): Promise<T> {
  const command = new RunningCommand(args, options);
  try {
    return await body(command);
  } finally {
    await command.dispose();
  }
}

/** Runs a command with a manifest to its end, and checks that it leaves nothing. */
export async function runManifest(manifest: string, ...args: string[]): Promise<Result> {
  const folder = mkdtempSync(join(tmpdir(), 'autocert-manifest-'));
  try {
    const path = join(folder, 'pod.yaml');
    writeFileSync(path, manifest);
    return await withCommand(['local', 'run', path, ...args], async (command) => {
      const result = await command.result();
      assert.deepEqual(command.left(), []);
      return { ...result, err: result.err.replaceAll(path, 'pod.yaml') };
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Processes that have the folder in their command line or environment. */
export function processesMentioning(folder: string): { readonly pid: number; readonly commandLine: string }[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .flatMap((pid) => {
      try {
        const commandLine = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
        const environment = readFileSync(`/proc/${pid}/environ`, 'utf8');
        return `${commandLine}\0${environment}`.includes(folder) ? [{ pid: Number(pid), commandLine }] : [];
      } catch {
        return []; // it ended, or is somebody else's
      }
    });
}

function killQuietly(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // it has ended
  }
}
