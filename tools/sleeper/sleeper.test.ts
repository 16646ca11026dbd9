import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { it } from 'node:test';
import { assemble, renderModule, sourceFolder } from './assemble.ts';

it('the committed machine code is what the assembly sources give', () => {
  const committed = readFileSync(join(sourceFolder, 'machine-code.ts'), 'utf8');
  assert.equal(committed, renderModule({ x64: assemble('x64'), arm64: assemble('arm64') }));
});
