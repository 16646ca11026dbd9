/**
 * Writes docs/reference/values.md from the chart: the comment above each value of values.yaml is its text, its default
 * is there too, and values.schema.json knows its type and the names that are accepted without effect or refused.
 * Pure but for the main part.
 *
 *   node tools/manifests/values-reference.ts
 */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isMap, isScalar, type Node, type Pair, parseDocument, type YAMLMap } from 'yaml';
import { chartFolder } from './helm.ts';

/** The file that is written. */
export const valuesReferencePath = join(import.meta.dirname, '..', '..', 'docs', 'reference', 'values.md');

/** One documented value. */
export type ValueEntry = {
  /** Names from the top, as in the file. */
  readonly path: readonly string[];
  /** Its comment, on one line; empty when there is none. */
  readonly text: string;
  /** Default as JSON. */
  readonly fallback: string;
};

/** The part of JSON Schema that values.schema.json uses. */
export type Schema = {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly definitions?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
};

/**
 * The values of a values.yaml: every leaf, and every group that has a comment of its own and is a value as a whole
 * (resources, a securityContext), which ends the descent.
 */
export function listValues(text: string): ValueEntry[] {
  const document = parseDocument(text, { version: '1.1' });
  if (!isMap(document.contents)) throw new TypeError('values: not a map');
  return listMap(document.contents, []);
}

function listMap(map: YAMLMap, above: readonly string[]): ValueEntry[] {
  return map.items.flatMap((pair, index) => {
    const { key, value } = pair as Pair<Node, Node | null>;
    const path = [...above, isScalar(key) ? String(key.value) : ''];
    // yaml gives the comment above the first key to the map, the others to their keys
    const comment = (index === 0 && above.length > 0 ? map.commentBefore : key.commentBefore) ?? '';
    const text =
      comment
        .split(/\n\s*\n/)
        .at(-1)
        ?.replace(/\s+/g, ' ')
        .trim() ?? '';
    const isGroup = isMap(value) && value.items.length > 0;
    if (isGroup && (text === '' || above.length === 0) && !isWhole(path)) return listMap(value, path);
    return [{ path, text, fallback: JSON.stringify(value?.toJSON() ?? null) }];
  });
}

/** Groups at the top that Kubernetes defines, not the chart. */
const isWhole = (path: readonly string[]): boolean => path.join('.') === 'podSecurityContext';

/** Names of the schema whose description starts with the given word, with the rest of it. */
export function listDescribed(schema: Schema, word: string, above: readonly string[] = []): [string, string][] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, property]): [string, string][] => {
    const path = [...above, name];
    const described = property.description?.startsWith(`${word}: `)
      ? [[path.join('.'), property.description.slice(word.length + 2)] as [string, string]]
      : [];
    return [...described, ...listDescribed(property, word, path)];
  });
}

/** The schema of a value; undefined when the schema does not name it. */
export function schemaAt(schema: Schema, path: readonly string[]): Schema | undefined {
  let current: Schema | undefined = schema;
  for (const name of path) {
    current = resolve(schema, current)?.properties?.[name];
  }
  return resolve(schema, current);
}

function resolve(root: Schema, schema: Schema | undefined): Schema | undefined {
  const name = schema?.$ref?.replace('#/definitions/', '');
  return name === undefined ? schema : root.definitions?.[name];
}

/** The page. */
export function renderValuesReference(valuesText: string, schema: Schema): string {
  const entries = listValues(valuesText);
  const groups = [...new Set(entries.map(({ path }) => groupOf(path)))];
  const tables = groups.flatMap((group) => [
    '',
    `## ${group === '' ? 'The release' : `\`${group}\``}`,
    '',
    '| Value | Type | Default | |',
    '| --- | --- | --- | --- |',
    ...entries
      .filter(({ path }) => groupOf(path) === group)
      .map(({ path, text, fallback }) => {
        const type = describeType(schema, schemaAt(schema, path));
        return `| \`${path.join('.')}\` | ${type} | \`${escapeCell(fallback)}\` | ${escapeCell(text)} |`;
      }),
  ]);
  return [
    '# Values of the chart',
    '',
    'Written by `make docs` from `charts/autocert/values.yaml` and `values.schema.json`. Every value of the upstream chart is',
    'here under its name. A name that the schema does not know is refused, except under `step-certificates`.',
    ...tables,
    ...renderNames(
      'Accepted without effect',
      'So that a values file of the upstream chart installs unchanged.',
      schema,
      'No effect',
    ),
    ...renderNames(
      'Refused when set',
      'Left unset, or set to what upstream has by default, they are accepted.',
      schema,
      'Refused when set',
    ),
    '',
  ].join('\n');
}

function renderNames(title: string, text: string, schema: Schema, word: string): string[] {
  const rows = listDescribed(schema, word).map(([name, why]) => `| \`${name}\` | ${escapeCell(why)} |`);
  return ['', `## ${title}`, '', text, '', '| Value | Why |', '| --- | --- |', ...rows];
}

const groupOf = (path: readonly string[]): string => (path.length === 1 ? '' : (path[0] ?? ''));

const escapeCell = (text: string): string => text.replaceAll('|', '\\|');

function describeType(root: Schema, schema: Schema | undefined): string {
  if (!schema) return '';
  if (schema.enum) return schema.enum.map((value) => `\`${value === '' ? '""' : value}\``).join(', ');
  if (schema.const !== undefined) return `\`${schema.const}\``;
  if (schema.type === 'array') return `list of ${describeType(root, resolve(root, schema.items)) || 'values'}`;
  if (schema.type === undefined) return '';
  const types = typeof schema.type === 'string' ? [schema.type] : schema.type;
  return types.filter((type) => type !== 'null').join(' or ');
}

/** The page from the chart as it is on disk. */
export async function loadValuesReference(): Promise<string> {
  const valuesText = await readFile(join(chartFolder, 'values.yaml'), 'utf8');
  const schema = JSON.parse(await readFile(join(chartFolder, 'values.schema.json'), 'utf8')) as Schema;
  return renderValuesReference(valuesText, schema);
}

if (import.meta.main) {
  await writeFile(valuesReferencePath, await loadValuesReference());
  console.log('docs: wrote docs/reference/values.md');
}
