/** `make bundle`: every program, or those named as arguments, into dist/. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, relative } from 'node:path';
import { bundleProgram } from './bundle.ts';
import { programs } from './programs.ts';
import { emitTypes } from './types.ts';

const wanted = process.argv.slice(2);
const unknown = wanted.find((name) => !programs.some((program) => program.name === name));
if (unknown !== undefined) {
  process.stderr.write(`error: bundle: no program ${unknown}\nhint: ${programs.map(({ name }) => name).join(', ')}\n`);
  process.exit(2);
}

for (const program of programs) {
  if (wanted.length > 0 && !wanted.includes(program.name)) continue;
  const { files, sizeBytes } = await bundleProgram(program);
  const types = program.library ? emitTypes(program.entry) : [];
  for (const { path, bytes } of [...files, ...types]) {
    mkdirSync(dirname(path), { recursive: true });
    rmSync(path, { force: true });
    writeFileSync(path, bytes, { mode: program.command && path.endsWith('.mjs') ? 0o755 : 0o644 });
  }
  const shown = relative(process.cwd(), files[0]?.path ?? '');
  process.stdout.write(`bundle: ${shown.padEnd(32)} ${Math.ceil(sizeBytes / 1000)} kB\n`);
}
