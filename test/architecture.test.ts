/** The import graph and the places of side effects (docs/architecture.md), with file and line for each violation. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { findViolations } from '../tools/architecture/rules.ts';

const root = join(import.meta.dirname, '..');

/** Files of the project that are or could be committed. */
function sourceFiles(): { path: string; text: string }[] {
  const listing = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '*.ts'], {
    cwd: root,
  });
  return listing
    .toString()
    .split('\n')
    .filter((path) => path !== '')
    .map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') }));
}

describe('architecture', () => {
  it('keeps the directions of imports and the places of side effects', () => {
    const found = findViolations(sourceFiles()).map(({ path, line, problem }) => `${path}:${line} ${problem}`);
    assert.deepEqual(found, []);
  });
});

describe('findViolations', () => {
  const rows: { name: string; path: string; text: string; want: RegExp }[] = [
    {
      name: 'a lib that imports a program',
      path: 'lib/x509/a.ts',
      text: "import { a } from '../../ca/a.ts';",
      want: /outside lib/,
    },
    {
      name: 'a program that imports a program',
      path: 'cli/a.ts',
      text: "import { a } from '../ca/a.ts';",
      want: /belongs in lib/,
    },
    {
      name: 'a lib used past its index',
      path: 'ca/main.ts',
      text: "import { a } from '../lib/x509/der.ts';",
      want: /index\.ts/,
    },
    {
      name: 'a lib that imports one above it',
      path: 'lib/time/a.ts',
      text: "import { a } from '../x509/index.ts';",
      want: /rank/,
    },
    {
      name: 'shipped code that imports a tool',
      path: 'cli/a.ts',
      text: "export { a } from '../tools/a.ts';",
      want: /shipped/,
    },
    {
      name: 'a package in a pod program',
      path: 'renewer/main.ts',
      text: "import { z } from 'zod';",
      want: /nothing from npm/,
    },
    {
      name: 'a dynamic import in a pod program',
      path: 'renewer/main.ts',
      text: "\nawait import('zod');",
      want: /nothing from npm/,
    },
    {
      name: 'the Kubernetes client outside its module',
      path: 'webhook/main.ts',
      text: "import { V1Pod } from '@kubernetes/client-node';",
      want: /lib\/kubernetes/,
    },
    {
      name: 'pure logic that imports an adapter',
      path: 'webhook/bootstrap/a.ts',
      text: "import { a } from '../adapters/a.ts';",
      want: /owns a port/,
    },
    {
      name: 'pure logic that reads a file',
      path: 'ca/authority/a.ts',
      text: "import { readFile } from 'node:fs/promises';",
      want: /IO/,
    },
    {
      name: 'pure logic that asks for the time',
      path: 'lib/admission/a.ts',
      text: 'const now = Date.now();',
      want: /time/,
    },
    { name: 'pure logic that waits', path: 'renewer/a.ts', text: '  setTimeout(go, 5);', want: /timers/ },
  ];
  for (const { name, path, text, want } of rows) {
    it(`finds ${name}`, () => {
      const [violation] = findViolations([{ path, text }]);
      assert.match(violation?.problem ?? '', want);
    });
  }

  const allowed: { name: string; path: string; text: string }[] = [
    {
      name: 'a type of the Kubernetes client',
      path: 'webhook/bootstrap/a.ts',
      text: "import type { V1Pod } from '@kubernetes/client-node';",
    },
    { name: 'a clock that is passed in', path: 'renewer/a.ts', text: 'const now = clock.now();' },
    {
      name: 'a fake clock in a test',
      path: 'renewer/a.test.ts',
      text: "import { FakeClock } from '../lib/time/fake-clock.ts';",
    },
    { name: 'the form of an address', path: 'ca/authority/a.ts', text: "import { isIP, isIPv6 } from 'node:net';" },
    { name: 'a comment about Date.now()', path: 'ca/authority/a.ts', text: '// Date.now() would not do' },
  ];
  for (const { name, path, text } of allowed) {
    it(`lets pass ${name}`, () => assert.deepEqual(findViolations([{ path, text }]), []));
  }
});
