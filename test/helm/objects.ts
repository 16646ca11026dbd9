/** Rendered Kubernetes objects, read back. Helm reads and writes YAML 1.1. */
import { parseAllDocuments } from 'yaml';

/** A Kubernetes object as far as these tests look into it. */
export type KubernetesObject = {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly [member: string]: unknown;
};

/** The objects of a stream of YAML documents. Throws on a syntax error and on a duplicate key. */
export function parseObjects(stream: string): KubernetesObject[] {
  const documents = parseAllDocuments(stream, { version: '1.1', uniqueKeys: true });
  if ('empty' in documents) return [];
  return documents.flatMap((document) => {
    const [problem] = document.errors;
    if (problem) throw problem;
    const value = document.toJS() as KubernetesObject | null;
    return value ? [value] : [];
  });
}

/** The one object of that kind and name. Throws when there is none. */
export function findObject(objects: readonly KubernetesObject[], kind: string, name: string): KubernetesObject {
  const found = objects.find((object) => object.kind === kind && object.metadata.name === name);
  if (!found)
    throw new Error(`no ${kind} ${name} in: ${objects.map((o) => `${o.kind} ${o.metadata.name}`).join(', ')}`);
  return found;
}

/**
 * What is at a path such as `spec.template.spec.containers.0.image`; undefined when something on the way is missing.
 * The caller says what type it expects.
 */
export function valueAt<Expected = unknown>(object: unknown, path: string): Expected {
  let value = object;
  for (const member of path.split('.')) value = (value as Record<string, unknown> | undefined)?.[member];
  return value as Expected;
}

/** Kind and name of each object, sorted. */
export const listObjects = (objects: readonly KubernetesObject[]): string[] =>
  objects.map(({ kind, metadata }) => `${kind} ${metadata.name}`).sort();
