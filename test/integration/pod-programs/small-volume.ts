/**
 * A volume of its own in a private mount namespace, so that it can be filled up and made read-only for real. The machine
 * outside sees nothing of it but `/proc/PID/root`.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';

export class SmallVolume {
  readonly #child: ChildProcess;
  readonly #folder: string;

  /** Mounts a tmpfs of this size over the folder, in a namespace that lives as long as the test. */
  static async mount(t: Pick<TestContext, 'after'>, folder: string, size: string): Promise<SmallVolume> {
    const script = 'mount -t tmpfs -o "size=$2,mode=755" tmpfs "$1" && echo ready && read -r _';
    const child = spawn('unshare', [...namespaces, 'sh', '-c', script, 'sh', folder, size], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    t.after(async () => {
      child.kill('SIGKILL');
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    });
    const [chunk] = (await once(child.stdout, 'data')) as [Buffer];
    if (!chunk.toString().startsWith('ready')) throw new Error(`cannot mount: ${chunk.toString()}`);
    return new SmallVolume(child, folder);
  }

  constructor(child: ChildProcess, folder: string) {
    this.#child = child;
    this.#folder = folder;
  }

  /** Goes before a command that shall see the volume. */
  get enter(): string[] {
    return ['nsenter', '--target', String(this.#child.pid), ...entering, '--'];
  }

  /** The volume as seen from outside. */
  get outside(): string {
    return join(`/proc/${this.#child.pid}/root`, this.#folder);
  }

  fill(): void {
    try {
      for (let file = 0; file < 1000; file++) writeFileSync(join(this.outside, `ballast-${file}`), Buffer.alloc(4096));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
    }
  }

  empty(): void {
    for (let file = 0; file < 1000; file++) rmSync(join(this.outside, `ballast-${file}`), { force: true });
  }

  remount(option: 'ro' | 'rw'): void {
    const [program = '', ...args] = [...this.enter, 'mount', '-o', `remount,${option}`, this.#folder];
    execFileSync(program, args);
  }
}

/** Without root a user namespace of one's own gives the right to mount. */
const isRoot = process.getuid?.() === 0;
const namespaces = isRoot ? ['--mount'] : ['--map-root-user', '--mount'];
const entering = isRoot ? ['--mount'] : ['--user', '--preserve-credentials', '--mount'];
