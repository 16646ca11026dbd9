/**
 * Declarations of a library for those who use it from TypeScript: what tsc says of its entry, and of every module that
 * the declarations lead to. No others: internals are nobody's business.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, posix } from 'node:path';
import { findImports } from '../architecture/rules.ts';
import type { BundledFile } from './bundle.ts';

const root = join(import.meta.dirname, '../..');

/** Where the declarations of an entry begin, relative to the root of the package. */
export const typesPath = (entry: string): string => posix.join('dist/types', declarationOf(entry));

/** @throws what tsc says, when the entry does not type-check */
export function emitTypes(entry: string): BundledFile[] {
  const folder = mkdtempSync(join(tmpdir(), 'autocert-types-'));
  try {
    runTsc(entry, folder);
    const files = new Map<string, string>();
    const visit = (path: string): void => {
      if (files.has(path)) return;
      const text = readFileSync(join(folder, path), 'utf8');
      // as they will be looked for where there are declarations only
      files.set(path, text.replace(/(from '|import\(")(\.[^'"]*)\.ts(?=['"])/g, '$1$2.js'));
      for (const { specifier } of findImports(text.replaceAll('import("', "import('").replaceAll('")', "')"))) {
        if (specifier.startsWith('.')) visit(posix.join(posix.dirname(path), declarationOf(specifier)));
      }
    };
    visit(declarationOf(entry));
    return [...files].map(([path, text]) => ({ path: join(root, 'dist/types', path), bytes: Buffer.from(text) }));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function runTsc(entry: string, outDir: string): void {
  const config = join(outDir, 'tsconfig.json');
  const compilerOptions = {
    noEmit: false,
    declaration: true,
    emitDeclarationOnly: true,
    rootDir: root,
    outDir,
    typeRoots: [join(root, 'node_modules/@types')],
  };
  const files = [join(root, entry)];
  const settings = { extends: join(root, 'tsconfig.json'), compilerOptions, files, include: [], exclude: [] };
  writeFileSync(config, JSON.stringify(settings));
  execFileSync(join(root, 'node_modules/.bin/tsc'), ['-p', config], { cwd: dirname(config), stdio: 'pipe' });
}

const declarationOf = (path: string): string => path.replace(/\.ts$/, '.d.ts');
