/** Tables that name tests: a name that no longer exists shows nothing. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, it } from 'node:test';

const docs = join(import.meta.dirname, '../docs');

const tables = { 'webhook-checklist.md': 40, 'divergences/step-ca-wishes.md': 18 };

/** The cells of each row but the head. */
const rowsOf = (page: string): string[][] =>
  readFileSync(join(docs, page), 'utf8')
    .split('\n')
    .filter((line) => /^\| (?!---|Point|wish )/.test(line))
    .map((line) => line.slice(2, -2).split(' | '));

for (const [page, least] of Object.entries(tables)) {
  describe(`docs/${page}`, () => {
    const rows = rowsOf(page);
    for (const [point = '', , tests = ''] of rows) {
      it(`names tests that exist: ${point}`, () => {
        if (tests === '–') return;
        const references = tests.split('; ').map((text) => /^\[[^\]]+\]\(([^)]+)\) (.+)$/.exec(text));
        for (const reference of references) {
          assert.ok(reference, tests);
          const [, link = '', titles = ''] = reference;
          const path = join(docs, dirname(page), link);
          assert.ok(existsSync(path), link);
          const text = readFileSync(path, 'utf8');
          for (const [, title = ''] of titles.matchAll(/"([^"]+)"/g))
            assert.ok(text.includes(title), `${link}: ${title}`);
        }
      });
    }
    it('has rows', () => assert.ok(rows.length > least));
  });
}
