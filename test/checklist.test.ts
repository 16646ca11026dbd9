/** docs/webhook-checklist.md names tests; a name that no longer exists shows nothing. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';

const docs = join(import.meta.dirname, '../docs');

const rows = readFileSync(join(docs, 'webhook-checklist.md'), 'utf8')
  .split('\n')
  .filter((line) => /^\| (?!---|Point)/.test(line))
  .map((line) => line.slice(2, -2).split(' | '));

describe('docs/webhook-checklist.md', () => {
  for (const [point = '', , tests = ''] of rows) {
    it(`names tests that exist: ${point}`, () => {
      if (tests === '–') return;
      const references = tests.split('; ').map((text) => /^\[[^\]]+\]\(([^)]+)\) (.+)$/.exec(text));
      for (const reference of references) {
        assert.ok(reference, tests);
        const [, path = '', titles = ''] = reference;
        assert.ok(existsSync(join(docs, path)), path);
        const text = readFileSync(join(docs, path), 'utf8');
        for (const [, title = ''] of titles.matchAll(/"([^"]+)"/g))
          assert.ok(text.includes(title), `${path}: ${title}`);
      }
    });
  }
  it('has rows', () => assert.ok(rows.length > 40));
});
