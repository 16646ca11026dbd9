/**
 * `ca init` and `ca serve` are the program ca/main.ts. This process becomes it (execve), so that signals, exit code
 * and terminal are the CA's own; where execve does not exist, it runs as a child and its exit code is passed on.
 */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { constants } from 'node:os';
import { fileURLToPath } from 'node:url';
import { unsupported } from '../errors.ts';

/** In a checkout the source, in the published package the bundle beside this one. */
const candidates = ['./autocert-ca.mjs', '../../ca/main.ts'];

export async function runCaProgram(args: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  const program = candidates
    .map((path) => fileURLToPath(new URL(path, import.meta.url)))
    .find((path) => existsSync(path));
  if (!program)
    throw unsupported('ca: the program autocert-ca is not installed here', 'use the whole npm package or a checkout');
  const argv = [...process.execArgv, program, ...args];
  // undefined on Windows and in old releases, whatever the types say
  const execve: typeof process.execve | undefined = process.execve;
  if (execve && process.platform !== 'win32') execve(process.execPath, [process.execPath, ...argv], env);
  return runAsChild(argv, env);
}

function runAsChild(argv: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, argv, { stdio: 'inherit', env });
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => child.kill(signal));
    child.once('error', reject);
    child.once('exit', (code, signal) => resolve(code ?? 128 + (signal ? constants.signals[signal] : 0)));
  });
}
