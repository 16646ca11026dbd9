/**
 * Runs the tutorial in a folder of its own on free ports, showing each command and what it says. Everything that it
 * starts is in a process group of its own and ends with it.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, realpath, rm, symlink } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { adapt, type Block, parseTutorial, type Variant } from './tutorial.ts';

const folder = import.meta.dirname;
const root = join(folder, '../..');
const deadlineMs = 60_000;

export type TutorialOptions = {
  readonly variant: Variant;
  /** One line of progress. */
  readonly show: (line: string) => void;
  /** Folders with `step` and `step-ca`, where the variant needs them. */
  readonly programs?: readonly string[];
  readonly signal?: AbortSignal;
  /** Chooses the three ports; whichever are free now, unless given. */
  readonly freePort?: () => Promise<number>;
  /** Commands instead of those of README.md. */
  readonly markdown?: string;
  /** Called when every block has run, before the terminals are closed. */
  readonly look?: (run: { readonly terminals: ReadonlyMap<string, Terminal>; readonly cwd: string }) => Promise<void>;
};

export type Terminal = { readonly child: ChildProcess; output: string };

/** @throws {Error} naming the command that failed, or the words that nobody said */
export async function runTutorial(options: TutorialOptions): Promise<void> {
  const { variant, show, programs = [], signal, look, freePort = portFreeNow } = options;
  const cwd = await mkdtemp(join(await realpath(tmpdir()), 'autocert-federation-'));
  const terminals = new Map<string, Terminal>();
  try {
    const markdown = options.markdown ?? (await readFile(join(folder, 'README.md'), 'utf8'));
    for (const name of ['server.ts', 'client.ts']) await symlink(join(folder, name), join(cwd, name));
    const ports = { 1443: await freePort(), 2443: await freePort(), 8443: await freePort() };
    const path = [...programs, join(root, 'bin'), join(root, 'node_modules/.bin'), process.env.PATH].join(delimiter);
    const env = { PATH: path, HOME: cwd, STEPPATH: join(cwd, 'step'), INTERVAL_MS: '200' };
    for (const block of parseTutorial(markdown)) {
      signal?.throwIfAborted();
      await runBlock(adapt(block, variant, ports), { cwd, env, show, terminals, signal });
    }
    await look?.({ terminals, cwd });
  } finally {
    for (const { child } of terminals.values()) await end(child);
    await rm(cwd, { recursive: true, force: true });
  }
}

type Shell = {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly show: (line: string) => void;
  readonly terminals: Map<string, Terminal>;
  readonly signal: AbortSignal | undefined;
};

async function runBlock(block: Block, shell: Shell): Promise<void> {
  const name = block.terminal;
  for (const line of block.script.split('\n')) shell.show(`${name ? `[${name}] ` : ''}$ ${line}`);
  const said = block.until && (shell.terminals.get(block.until.terminal)?.output.length ?? 0);
  const terminal = open(block.script, shell, name ? `[${name}]` : ' ');
  if (name) shell.terminals.set(name, terminal);
  else {
    await terminal.ended;
    if (terminal.child.exitCode !== 0) throw new Error(`this failed:\n${block.script}\n${terminal.output}`);
  }
  if (block.until) await untilSaid(block, block.until, said ?? 0, shell);
}

function open(script: string, { cwd, env, show }: Shell, prefix: string): Terminal & { ended: Promise<unknown> } {
  const child = spawn('sh', ['-e', '-c', script], { cwd, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
  const terminal = { child, output: '', ended: once(child, 'close') };
  for (const stream of [child.stdout, child.stderr]) {
    let rest = '';
    stream?.setEncoding('utf8').on('data', (text: string) => {
      terminal.output += text;
      const lines = (rest + text).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) if (line !== '') show(`${prefix} ${line}`);
    });
  }
  return terminal;
}

async function untilSaid(
  block: Block,
  { terminal: name, words }: NonNullable<Block['until']>,
  from: number,
  { terminals, signal }: Shell,
): Promise<void> {
  const end = Date.now() + deadlineMs;
  for (;;) {
    const terminal = terminals.get(name);
    const said = terminal?.output.slice(from) ?? '';
    if (words.test(said)) return;
    signal?.throwIfAborted();
    if (!terminal || terminal.child.exitCode !== null || Date.now() > end) {
      throw new Error(`${name} did not say ${words} after:\n${block.script}\n${said}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** The whole group: the shell and everything in its pipe. */
async function end(child: ChildProcess): Promise<void> {
  if (child.pid === undefined) return;
  const closed = child.stdout?.closed && child.stderr?.closed ? Promise.resolve() : once(child, 'close');
  kill(child.pid, 'SIGTERM');
  const insist = setTimeout(() => kill(child.pid ?? 0, 'SIGKILL'), 10_000);
  await closed;
  clearTimeout(insist);
}

function kill(group: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-group, signal);
  } catch {
    // it has ended already
  }
}

async function portFreeNow(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
