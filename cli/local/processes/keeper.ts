/**
 * The keeper: a process of its own that starts every other process of a local run, each in a process group, and ends
 * them all and removes the folder as soon as the command that started it is gone, however it went: Ctrl-C, an error
 * or SIGKILL. The closed IPC channel tells.
 *
 *   node keeper.ts FOLDER     with an IPC channel as file descriptor 3
 *
 * Keep: it has no other work. What can fail here leaves processes behind.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import type { FromKeeper, StartRequest, ToKeeper } from './protocol.ts';

/** How long processes may take to end by themselves once the command is gone. */
const graceMs = 2_000;

/** How long the last lines of an ended process are waited for. */
const drainMs = 1_000;

const folder = process.argv[2] ?? '';
const children = new Map<number, ChildProcess>();

process.on('message', (message: ToKeeper) => {
  if (message.type === 'start') start(message.id, message);
  else signalGroup(children.get(message.id), message.signal);
});
process.on('disconnect', endEverything);
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, endEverything);
process.on('uncaughtException', endEverything);

function start(id: number, { file, args, env, cwd }: StartRequest): void {
  let child: ChildProcess;
  try {
    // detached: the leader of a process group, which a Ctrl-C on the terminal does not reach
    child = spawn(file, args, { env, cwd, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
  } catch (error) {
    send({ type: 'failed', id, message: error instanceof Error ? error.message : String(error) });
    return;
  }
  if (child.pid === undefined) {
    child.once('error', (error) => send({ type: 'failed', id, message: error.message }));
    return;
  }
  children.set(id, child);
  send({ type: 'started', id, pid: child.pid });
  const outputs = [child.stdout, child.stderr].map((stream) => (stream ? forwardLines(id, stream) : Promise.resolve()));
  child.once('exit', (code, signal) => {
    signalGroup(child, 'SIGKILL'); // a container ends with its first process; what it left behind goes too
    children.delete(id);
    // a process that left the group may hold the output open: the exit is not made to wait for it
    setTimeout(() => [child.stdout, child.stderr].forEach((stream) => void stream?.destroy()), drainMs).unref();
    void Promise.all(outputs).then(() => send({ type: 'exited', id, code, signal }));
  });
}

function forwardLines(id: number, stream: Readable): Promise<void> {
  return new Promise((resolve) => {
    const lines = createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY });
    lines.on('line', (text) => send({ type: 'line', id, text }));
    lines.on('close', resolve);
    stream.on('error', () => lines.close());
  });
}

function signalGroup(child: ChildProcess | undefined, signal: NodeJS.Signals): void {
  if (child?.pid === undefined) return;
  try {
    process.kill(-child.pid, signal);
  } catch {
    // nobody of the group is left
  }
}

function send(message: FromKeeper): void {
  if (process.connected) process.send?.(message, undefined, undefined, () => {}); // the reader may just have gone
}

let ending = false;
function endEverything(): void {
  if (ending) return;
  ending = true;
  for (const child of children.values()) signalGroup(child, 'SIGTERM');
  const finish = (): void => {
    for (const child of children.values()) signalGroup(child, 'SIGKILL');
    if (folder !== '') rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
    process.exit(0);
  };
  const deadline = Date.now() + graceMs;
  const look = setInterval(() => {
    if (children.size > 0 && Date.now() < deadline) return;
    clearInterval(look);
    finish();
  }, 20);
}
