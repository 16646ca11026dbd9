/**
 * JSON Schemas of Kubernetes for kubeconform, made from what a real API server publishes at /openapi/v3. kubeconform
 * would fetch its own from a web site.
 *
 * Strict: an object with named properties takes no others, so a misspelt field is found even where it is optional.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

type JsonObject = { readonly [member: string]: unknown };
type GroupVersionKind = { readonly group: string; readonly version: string; readonly kind: string };

/** An OpenAPI v3 document of one API group version. */
export type OpenApiDocument = { readonly components: { readonly schemas: Readonly<Record<string, JsonObject>> } };

/** What kubeconform is told: where the files of {@link writeSchemas} are. */
export const schemaLocation = (folder: string): string => join(folder, '{{ .ResourceKind }}{{ .KindSuffix }}.json');

/** Writes one file with all definitions, and one per kind that points into it. Answers the kinds. */
export async function writeSchemas(folder: string, documents: readonly OpenApiDocument[]): Promise<string[]> {
  const definitions = Object.assign({}, ...documents.map((document) => document.components.schemas)) as JsonObject;
  const strict = Object.fromEntries(Object.entries(definitions).map(([name, schema]) => [name, strictSchema(schema)]));
  await writeFile(join(folder, 'definitions.json'), JSON.stringify({ definitions: strict }));
  const written: string[] = [];
  for (const [name, schema] of Object.entries(definitions)) {
    const kinds = (schema as JsonObject)['x-kubernetes-group-version-kind'] as readonly GroupVersionKind[] | undefined;
    if (kinds?.length !== 1) continue; // several: DeleteOptions and the like, which nobody applies
    const [kind] = kinds;
    if (!kind) continue;
    const file = kindFile(kind);
    await writeFile(join(folder, file), JSON.stringify({ $ref: `definitions.json#/definitions/${name}` }));
    written.push(file);
  }
  return written;
}

/** kubeconform's name: kind, first label of the group, version. */
function kindFile({ group, version, kind }: GroupVersionKind): string {
  return [kind.toLowerCase(), ...(group === '' ? [] : [group.split('.')[0]]), version].join('-').concat('.json');
}

/** A schema of OpenAPI v3 as one of JSON Schema. */
export function strictSchema(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(strictSchema);
  if (typeof schema !== 'object' || schema === null) return schema;
  const entries = Object.entries(schema)
    .filter(([member]) => member !== 'default' && member !== 'description' && !member.startsWith('x-kubernetes-'))
    .map(([member, value]): [string, unknown] => {
      if (member === '$ref' && typeof value === 'string') {
        return [member, value.replace('#/components/schemas/', '#/definitions/')];
      }
      if (member === 'properties') {
        const properties = Object.entries(value as JsonObject);
        return [member, Object.fromEntries(properties.map(([name, property]) => [name, strictSchema(property)]))];
      }
      return [member, strictSchema(value)];
    });
  const result = Object.fromEntries(entries);
  return 'properties' in result && !('additionalProperties' in result)
    ? { ...result, additionalProperties: false }
    : result;
}
