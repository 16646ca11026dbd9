/** Ways to start our init container: as it is shipped, and what was tried to make Node start faster. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { benchFolder, bundleFor } from '../programs.ts';
import type { Contender } from './contenders.ts';

/** Each first run fills the compile cache, as the build of an image does. */
export async function waysToStart(): Promise<readonly Contender[]> {
  const bundle = await bundleFor('autocert-bootstrapper');
  const cache = join(benchFolder, 'compile-cache');
  rmSync(cache, { recursive: true, force: true });
  mkdirSync(cache, { recursive: true });
  const cached = { NODE_COMPILE_CACHE: cache };
  return [
    { name: 'plain', command: [process.execPath, bundle] },
    { name: 'compile cache', command: [process.execPath, bundle], env: cached },
    {
      name: 'compile cache, one thread',
      command: [process.execPath, '--v8-pool-size=0', bundle],
      env: { ...cached, UV_THREADPOOL_SIZE: '1' },
    },
    {
      name: 'compile cache, single-threaded V8',
      command: [process.execPath, '--single-threaded', bundle],
      env: { ...cached, UV_THREADPOOL_SIZE: '1' },
    },
  ];
}

/** Start of Node without any program: what none of them can go below. */
export async function emptyNodeMs(): Promise<number> {
  const started = performance.now();
  const child = spawn(process.execPath, ['-e', '0'], { stdio: 'ignore' });
  await once(child, 'exit');
  return performance.now() - started;
}
