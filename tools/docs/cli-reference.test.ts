import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { catalogue } from '../../cli/commands/catalogue.ts';
import { renderCliReference } from './cli-reference.ts';

describe('docs/reference/cli.md', () => {
  it('is what `make docs` makes of the command descriptions', async () => {
    const commands = await Promise.all(catalogue.map(({ load }) => load()));
    const page = readFileSync(join(import.meta.dirname, '../../docs/reference/cli.md'), 'utf8');
    assert.equal(page, renderCliReference(commands));
  });
});
