/** The library as a user of the package has it: one file that runs by itself, and types that the guide's code passes. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { stop } from 'esbuild';
import { type Bundle, bundleProgram } from './bundle.ts';
import { programs } from './programs.ts';
import { emitTypes, typesPath } from './types.ts';

const root = join(import.meta.dirname, '../..');
const library = programs.find(({ name }) => name === 'autocert-client');

describe('@autocert/autocert/client', () => {
  let folder = '';
  let bundle: Bundle;
  const write = (path: string, bytes: Uint8Array | string): void => {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, bytes);
  };
  before(async () => {
    assert.ok(library);
    folder = mkdtempSync(join(tmpdir(), 'autocert-client-'));
    bundle = await bundleProgram(library);
    const home = join(folder, 'node_modules/@autocert/autocert');
    for (const { path, bytes } of [...bundle.files, ...emitTypes(library.entry)]) {
      write(join(home, relative(root, path)), bytes);
    }
    const exports = { './client': { types: `./${typesPath(library.entry)}`, default: './dist/autocert-client.mjs' } };
    write(join(home, 'package.json'), JSON.stringify({ name: '@autocert/autocert', type: 'module', exports }));
    write(join(folder, 'package.json'), '{"type":"module"}');
    symlinkSync(join(root, 'node_modules/@types'), join(folder, 'node_modules/@types'));
  });
  after(async () => {
    rmSync(folder, { recursive: true, force: true });
    await stop(); // esbuild keeps a process for the next build
  });

  it('takes nothing but lib/ and Node', () => {
    assert.deepEqual(
      bundle.inputs.filter((path) => !path.startsWith('lib/') || /fake-|\.test\.ts$/.test(path)),
      [],
    );
  });

  it('runs', () => {
    const script = `import { bootstrapClient } from '@autocert/autocert/client';
      await bootstrapClient('hello').catch(({ code, hint }) => console.log(code, hint));`;
    write(join(folder, 'run.mjs'), script);
    const out = execFileSync(process.execPath, [join(folder, 'run.mjs')], { cwd: folder }).toString();
    assert.match(out, /^ERR_SDK_TOKEN make one with/);
  });

  it('has types that the code in docs/guides/sdk.md passes', () => {
    const guide = readFileSync(join(root, 'docs/guides/sdk.md'), 'utf8');
    const blocks = Array.from(guide.matchAll(/^```ts\n([\s\S]*?)^```$/gm), ([, code = '']) => code);
    assert.ok(blocks.length >= 2);
    for (const [index, code] of blocks.entries()) write(join(folder, `guide-${index}.ts`), code);
    const compilerOptions = { noEmit: true, strict: true, module: 'nodenext', target: 'es2024', types: ['node'] };
    write(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['guide-*.ts'] }));
    try {
      execFileSync(join(root, 'node_modules/.bin/tsc'), ['-p', folder], { cwd: folder, stdio: 'pipe' });
    } catch (error) {
      assert.fail(String((error as { stdout: Buffer }).stdout));
    }
  });
});
