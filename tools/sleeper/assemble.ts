/** Assembles the sleeper of the renewer; GNU binutils of both architectures are needed (gcc, binutils-aarch64-linux-gnu). */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Architectures as `process.arch` names them, their source and the prefix of their tools. */
export const architectures = {
  x64: { source: 'x86_64.s', tools: 'x86_64-linux-gnu-' },
  arm64: { source: 'aarch64.s', tools: 'aarch64-linux-gnu-' },
} as const;

export const sourceFolder = join(import.meta.dirname, '../../renewer/sleeper');

/** The bytes of the text section. */
export function assemble(architecture: keyof typeof architectures): Buffer {
  const { source, tools } = architectures[architecture];
  const folder = mkdtempSync(join(tmpdir(), 'autocert-sleeper-'));
  try {
    const [object, binary] = [join(folder, 'o'), join(folder, 'bin')];
    execFileSync(`${tools}as`, ['-o', object, join(sourceFolder, source)]);
    execFileSync(`${tools}objcopy`, ['-O', 'binary', '-j', '.text', object, binary]);
    return readFileSync(binary);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Text of the module that carries the bytes. */
export function renderModule(code: Readonly<Record<string, Uint8Array>>): string {
  const entries = Object.entries(code).map(([architecture, bytes]) => {
    const lines =
      Buffer.from(bytes)
        .toString('hex')
        .match(/.{1,112}/g) ?? [];
    return `  ${architecture}:\n    ${lines.map((line) => `'${line}'`).join(' +\n    ')},\n`;
  });
  return (
    '/** Generated from x86_64.s and aarch64.s by tools/sleeper/main.ts; a test compares. */\n' +
    `export const machineCode: Readonly<Record<string, string>> = {\n${entries.join('')}};\n`
  );
}
