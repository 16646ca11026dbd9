/** The reference of the chart's values: complete, typed, and in step with the chart. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { chartFolder } from './helm.ts';
import { listDescribed, listValues, loadValuesReference, schemaAt, valuesReferencePath } from './values-reference.ts';

const valuesText = readFileSync(join(chartFolder, 'values.yaml'), 'utf8');
const schema = JSON.parse(readFileSync(join(chartFolder, 'values.schema.json'), 'utf8'));

describe('values.yaml', () => {
  it('has a text for every value, and the schema knows each', () => {
    for (const { path, text } of listValues(valuesText)) {
      assert.notEqual(text, '', path.join('.'));
      assert.ok(schemaAt(schema, path), `${path.join('.')} is not in values.schema.json`);
    }
  });
  it('has every value that the schema names and that has an effect', () => {
    const listed = new Set(listValues(valuesText).map(({ path }) => path.join('.')));
    const explained = ['No effect', 'Refused when set'].flatMap((word) => listDescribed(schema, word));
    const named = leaves(schema).filter(
      (name) => !explained.some(([other]) => name === other || name.startsWith(`${other}.`)),
    );
    assert.deepEqual(
      named.filter((name) => !listed.has(name)),
      [],
    );
  });
});

describe('docs/reference/values.md', () => {
  it('is what `make docs` writes', async () =>
    assert.equal(readFileSync(valuesReferencePath, 'utf8'), await loadValuesReference()));
});

describe('listValues', () => {
  it('reads defaults and comments, and takes a commented group below the top as one value', () => {
    const text = [
      '# Top of the file.',
      '',
      '# One.',
      'a: 1',
      'b:',
      '  # Two, on',
      '  # two lines.',
      '  c: [x]',
      '  # Three.',
      '  d:',
      '    e: true',
    ].join('\n');
    assert.deepEqual(listValues(text), [
      { path: ['a'], text: 'One.', fallback: '1' },
      { path: ['b', 'c'], text: 'Two, on two lines.', fallback: '["x"]' },
      { path: ['b', 'd'], text: 'Three.', fallback: '{"e":true}' },
    ]);
  });
});

/** Names of the schema that have no named members of their own. */
function leaves(of: { properties?: Record<string, object> }, above: readonly string[] = []): string[] {
  return Object.entries(of.properties ?? {}).flatMap(([name, property]) => {
    const path = [...above, name];
    const resolved = (schemaAt(schema, path) ?? property) as { properties?: Record<string, object> };
    return resolved.properties ? leaves(resolved, path) : [path.join('.')];
  });
}
