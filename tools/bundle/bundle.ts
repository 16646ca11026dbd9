/** One program as one minified file for Node 24, in memory. */
import { join } from 'node:path';
import { build, type Plugin } from 'esbuild';
import type { Program } from './programs.ts';

const root = join(import.meta.dirname, '../..');

export type BundledFile = { readonly path: string; readonly bytes: Uint8Array };

export type Bundle = {
  /** The program first; then, where packages ask for it, their licences. */
  readonly files: readonly BundledFile[];
  readonly sizeBytes: number;
  /** Source files in it, relative to the root of the repository. */
  readonly inputs: readonly string[];
};

/** Packages written in CommonJS call `require` for parts of Node, which an ECMAScript module does not have. */
const requireForCommonJs =
  "import{createRequire as __createRequire}from'node:module';const require=__createRequire(import.meta.url);";

/**
 * Parts of Node as they are. An `import` makes a namespace of everything that a part exports, and so runs getters that load
 * more than the program: all of fetch for node:http, all roots of the web for node:tls. A third of the start of a pod program.
 */
const partsOfNode: Plugin = {
  name: 'parts of Node',
  setup: ({ onResolve, onLoad }) => {
    onResolve({ filter: /^node:/ }, ({ path }) => ({ path, namespace: nodeNamespace }));
    onLoad({ filter: /./, namespace: nodeNamespace }, ({ path }) => ({
      contents: `module.exports = process.getBuiltinModule(${JSON.stringify(path)})`,
    }));
  },
};
const nodeNamespace = 'node';

export async function bundleProgram(program: Program): Promise<Bundle> {
  const fromNpm = program.budgetBytes === undefined && !program.library;
  const shebang = program.command ? '#!/usr/bin/env node\n' : '';
  const result = await build({
    absWorkingDir: root,
    entryPoints: [program.entry],
    outfile: join('dist', `${program.name}.mjs`),
    bundle: true,
    minify: !program.library,
    platform: 'node',
    target: 'node24',
    format: 'esm',
    charset: 'utf8',
    legalComments: fromNpm ? 'linked' : 'none',
    plugins: program.library ? [] : [partsOfNode],
    alias: { undici: './tools/bundle/without-undici.ts' },
    banner: { js: shebang + (fromNpm ? requireForCommonJs : '') },
    metafile: true,
    write: false,
    logLevel: 'silent', // failures are thrown with their text
  });
  const files = result.outputFiles
    .map(({ path, contents }) => ({ path, bytes: contents }))
    .sort((a, b) => Number(b.path.endsWith('.mjs')) - Number(a.path.endsWith('.mjs')));
  const inputs = Object.keys(result.metafile.inputs).filter((path) => !path.startsWith(`${nodeNamespace}:`));
  return { files, sizeBytes: files[0]?.bytes.length ?? 0, inputs };
}
