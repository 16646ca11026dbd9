/**
 * YAML text -> the objects in it. Pure. Takes what `kubectl apply -f` takes: several documents, `kind: List`, empty
 * documents. Every complaint names file, document and field.
 */
import { type Document, parseAllDocuments } from 'yaml';
import type { z } from 'zod';
import { describeError } from '../../../lib/errors/index.ts';
import { manifestInvalid, notSimulated } from '../errors.ts';
import {
  configMapSchema,
  type ManifestObject,
  namespaceSchema,
  podSchema,
  secretSchema,
  serviceSchema,
  workloadSchema,
} from './objects.ts';

/** One object and where it came from, such as `web.yaml: Deployment web`. */
export type SourcedObject<T extends ManifestObject = ManifestObject> = { readonly source: string; readonly object: T };

const schemas: Readonly<Record<string, z.ZodType<ManifestObject>>> = {
  Pod: podSchema,
  Deployment: workloadSchema,
  StatefulSet: workloadSchema,
  Job: workloadSchema,
  Service: serviceSchema,
  ConfigMap: configMapSchema,
  Secret: secretSchema,
  Namespace: namespaceSchema,
};

/** Kinds that change nothing for processes on one machine: they are passed over with a note. */
const harmless = new Set([
  'ServiceAccount',
  'Role',
  'RoleBinding',
  'ClusterRole',
  'ClusterRoleBinding',
  'NetworkPolicy',
  'PodDisruptionBudget',
  'HorizontalPodAutoscaler',
]);

export type Manifests = { readonly objects: readonly SourcedObject[]; readonly notes: readonly string[] };

/** @throws {AppError} ERR_LOCAL_MANIFEST, ERR_LOCAL_NOT_SIMULATED (invalid) */
export function readManifests(text: string, file: string): Manifests {
  const objects: SourcedObject[] = [];
  const notes: string[] = [];
  const documents = parseAllDocuments(text);
  for (const [index, document] of [...documents].entries()) {
    const place = documents.length > 1 ? `${file}: document ${index + 1}` : file;
    const [error] = document.errors;
    if (error) throw manifestInvalid(place, `not YAML: ${error.message.split('\n')[0]}`);
    for (const value of unpackList(toValue(document, place))) {
      const kind = kindOf(value, place);
      const name = `${kind} ${nameOf(value)}`;
      if (harmless.has(kind)) notes.push(`${file}: ${name}: has no effect in a local run`);
      else objects.push({ source: `${file}: ${name}`, object: readObject(value, kind, file, name) });
    }
  }
  if (objects.length === 0) throw manifestInvalid(file, 'no Kubernetes object in it');
  return { objects, notes };
}

function toValue(document: Document, place: string): unknown {
  try {
    return document.toJS();
  } catch (cause) {
    throw manifestInvalid(place, `not YAML: ${describeError(cause)}`); // an alias to nothing, or too many of them
  }
}

function unpackList(value: unknown): unknown[] {
  if (value === null || value === undefined) return [];
  if (!isRecord(value) || value.kind !== 'List') return [value];
  return Array.isArray(value.items) ? value.items : [];
}

function kindOf(value: unknown, place: string): string {
  if (!isRecord(value)) throw manifestInvalid(place, 'not a Kubernetes object');
  if (typeof value.kind !== 'string') throw manifestInvalid(place, 'kind is missing');
  if (typeof value.apiVersion !== 'string') throw manifestInvalid(place, 'apiVersion is missing');
  return value.kind;
}

function nameOf(value: unknown): string {
  const metadata = isRecord(value) && isRecord(value.metadata) ? value.metadata : {};
  return String(metadata.name ?? metadata.generateName ?? '(no name)');
}

function readObject(value: unknown, kind: string, file: string, name: string): ManifestObject {
  const schema = Object.hasOwn(schemas, kind) ? schemas[kind] : undefined;
  if (!schema) {
    throw notSimulated(`${file}: ${name}`, `${kind} is not simulated`, `it knows ${Object.keys(schemas).join(', ')}`);
  }
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw manifestInvalid(
    `${file}: ${name}`,
    `${fieldPath(issue?.path ?? [])}: ${issue?.message.toLowerCase() ?? 'invalid'}`,
  );
}

/** `spec.containers[0].name`, as kubectl writes it. */
function fieldPath(path: readonly PropertyKey[]): string {
  return path
    .map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`))
    .join('')
    .replace(/^\./, '');
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
