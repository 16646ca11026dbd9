/** Our programs as they are shipped: one minified file each, made from the sources for this run. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bundleProgram } from '../tools/bundle/bundle.ts';
import { programs } from '../tools/bundle/programs.ts';

/** Where bundles and results of `make bench` go; `make clean` removes it. */
export const benchFolder = join(import.meta.dirname, '../dist/bench');

/** Path of the bundle of a program, `autocert-ca` for one. */
export async function bundleFor(name: string): Promise<string> {
  const program = programs.find((each) => each.name === name);
  if (!program) throw new TypeError(`no program ${name}`);
  const [bundle] = (await bundleProgram(program)).files;
  if (!bundle) throw new TypeError(`${name} has no bundle`);
  const path = join(benchFolder, `${name}.mjs`);
  mkdirSync(benchFolder, { recursive: true });
  writeFileSync(path, bundle.bytes);
  return path;
}
