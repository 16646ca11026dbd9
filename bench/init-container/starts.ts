/** Ways to start our init container: as it is shipped, and what was tried to make Node start faster. */
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { benchFolder, bundleFor } from '../programs.ts';
import type { Contender } from './contenders.ts';

export type WaysToStart = {
  /** The command of our image. */
  readonly shipped: Contender;
  /** What the others are held against. */
  readonly plain: Contender;
  readonly others: readonly Contender[];
};

/** As in images/Dockerfile: the roots of the web are not read. */
const shippedFlags = ['--use-openssl-ca'];

/** Each first run fills the compile cache, as the build of an image would. */
export async function waysToStart(): Promise<WaysToStart> {
  const bundle = await bundleFor('autocert-bootstrapper');
  const cache = join(benchFolder, 'compile-cache');
  rmSync(cache, { recursive: true, force: true });
  mkdirSync(cache, { recursive: true });
  const node = (flags: readonly string[], program = bundle): readonly string[] => [process.execPath, ...flags, program];
  const oneThread = { UV_THREADPOOL_SIZE: '1' };
  const shipped: Contender = { name: 'as shipped: bundle, no roots of the web', command: node(shippedFlags) };
  return {
    shipped,
    plain: { name: 'bundle', command: node([]) },
    others: [
      { name: 'no bundle, no roots of the web', command: node(shippedFlags, sources) },
      shipped,
      { name: 'as shipped, compile cache', command: node(shippedFlags), env: { NODE_COMPILE_CACHE: cache } },
      { name: 'as shipped, one thread', command: node([...shippedFlags, '--v8-pool-size=0']), env: oneThread },
      { name: 'as shipped, single-threaded V8', command: node([...shippedFlags, '--single-threaded']), env: oneThread },
      { name: 'as shipped, no optimising compiler', command: node([...shippedFlags, '--max-lazy', '--no-opt']) },
    ],
  };
}

const sources = join(import.meta.dirname, '../../init-container/main.ts');
