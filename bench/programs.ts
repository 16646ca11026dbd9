/** Our programs as they are shipped: one minified file each, made from the sources for this run. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bundleProgram } from '../tools/bundle/bundle.ts';
import { type Program, programs } from '../tools/bundle/programs.ts';

/** Where bundles and results of `make bench` go; `make clean` removes it. */
export const benchFolder = join(import.meta.dirname, '../dist/bench');

/** The command of an image, `autocert-ca` for one, up to its arguments. */
export async function commandFor(name: string): Promise<[string, ...string[]]> {
  return [process.execPath, ...(programOf(name).nodeFlags ?? []), await bundleFor(name)];
}

/** Path of the bundle of a program. */
export async function bundleFor(name: string): Promise<string> {
  const program = programOf(name);
  const [bundle] = (await bundleProgram(program)).files;
  if (!bundle) throw new TypeError(`${name} has no bundle`);
  const path = join(benchFolder, `${name}.mjs`);
  mkdirSync(benchFolder, { recursive: true });
  writeFileSync(path, bundle.bytes);
  return path;
}

function programOf(name: string): Program {
  const program = programs.find((each) => each.name === name);
  if (!program) throw new TypeError(`no program ${name}`);
  return program;
}
