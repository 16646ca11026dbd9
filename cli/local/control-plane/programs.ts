/**
 * Where the programs are that a local run starts: sources in a checkout, bundles beside this one in the package. Bundles are
 * looked for first: from an installed package the path of a source leads into some other package.
 */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { noProgram } from '../errors.ts';

const candidates = {
  ca: ['./autocert-ca.mjs', '../../../ca/main.ts'],
  webhook: ['./autocert-controller.mjs', '../../../webhook/main.ts'],
  'init-container': ['./autocert-bootstrapper.mjs', '../../../init-container/main.ts'],
  renewer: ['./autocert-renewer.mjs', '../../../renewer/main.ts'],
  keeper: ['./autocert-local-keeper.mjs', '../processes/keeper.ts'],
  preload: ['./autocert-local-preload.mjs', '../network/preload.ts'],
} as const;

export type LocalProgram = keyof typeof candidates;

/** @throws {AppError} ERR_LOCAL_PROGRAM (not-found) in a package that does not hold it */
export function findLocalProgram(program: LocalProgram): URL {
  const found = candidates[program].map((path) => new URL(path, import.meta.url)).find((url) => existsSync(url));
  if (found) return found;
  throw noProgram(
    `autocert ${program}`,
    'the program is not installed here',
    'use a checkout or the whole npm package',
  );
}

/** Words that run a program with the Node that runs this one. */
export const nodeCommand = (program: LocalProgram): { readonly file: string; readonly args: readonly string[] } => ({
  file: process.execPath,
  args: [fileURLToPath(findLocalProgram(program))],
});
