/**
 * A view of the pod in a review, with the types that the API server promises checked as far as they are used. Absent, null
 * and empty are the same to it, as they are to the API server. Everything else of the pod stays as it is.
 */
import { podMalformed } from './errors.ts';
import { describe, isRecord } from './review.ts';
import type { Json, JsonObject } from './types.ts';

export type ListName = 'containers' | 'initContainers';

export type Container = {
  readonly list: ListName;
  readonly index: number;
  readonly name: string;
  readonly mounts: readonly JsonObject[];
  readonly env: readonly JsonObject[];
  readonly securityContext: JsonObject;
  readonly raw: JsonObject;
};

export type Pod = {
  readonly namespace: string;
  /** Empty while there is only a `generateName`. */
  readonly name: string;
  readonly annotations: Readonly<Record<string, string>>;
  readonly spec: JsonObject;
  readonly containers: readonly Container[];
  readonly initContainers: readonly Container[];
  readonly volumes: readonly JsonObject[];
  readonly securityContext: JsonObject;
};

/** Annotations alone: enough to leave a pod alone, whatever else is odd about it. @throws {AppError} ERR_POD_MALFORMED */
export function readAnnotations(object: unknown): Record<string, string> {
  const metadata = recordAt(recordOf(object, 'object'), 'metadata', 'metadata');
  const annotations = recordAt(metadata, 'annotations', 'metadata.annotations');
  return Object.fromEntries(
    Object.entries(annotations).map(([key, value]) => [key, textOf(value, `metadata.annotations["${key}"]`)]),
  );
}

/** @throws {AppError} ERR_POD_MALFORMED (invalid) */
export function readPod(object: unknown): Pod {
  const pod = recordOf(object, 'object');
  const metadata = recordAt(pod, 'metadata', 'metadata');
  const spec = recordAt(pod, 'spec', 'spec');
  return {
    namespace: textOf(metadata.namespace, 'metadata.namespace'),
    name: textOf(metadata.name, 'metadata.name'),
    annotations: readAnnotations(object),
    spec,
    containers: readContainers(spec, 'containers'),
    initContainers: readContainers(spec, 'initContainers'),
    volumes: listAt(spec, 'volumes', 'spec.volumes').map((volume, index) => {
      textOf(volume.name, `spec.volumes[${index}].name`);
      return volume;
    }),
    securityContext: recordAt(spec, 'securityContext', 'spec.securityContext'),
  };
}

function readContainers(spec: JsonObject, list: ListName): Container[] {
  return listAt(spec, list, `spec.${list}`).map((raw, index) => {
    const path = `spec.${list}[${index}]`;
    const mounts = listAt(raw, 'volumeMounts', `${path}.volumeMounts`);
    for (const [at, mount] of mounts.entries()) {
      textOf(mount.name, `${path}.volumeMounts[${at}].name`);
      textOf(mount.mountPath, `${path}.volumeMounts[${at}].mountPath`);
    }
    return {
      list,
      index,
      name: textOf(raw.name, `${path}.name`),
      mounts,
      env: listAt(raw, 'env', `${path}.env`),
      securityContext: recordAt(raw, 'securityContext', `${path}.securityContext`),
      raw,
    };
  });
}

function textOf(value: unknown, path: string): string {
  if (value === undefined || value === null) return '';
  if (typeof value !== 'string') throw podMalformed(path, `is ${describe(value)}, not a string`);
  return value;
}

function recordOf(value: unknown, path: string): JsonObject {
  if (!isRecord(value)) throw podMalformed(path, `is ${describe(value)}, not an object`);
  return value as JsonObject;
}

const recordAt = (parent: JsonObject, key: string, path: string): JsonObject => recordOf(parent[key] ?? {}, path);

function listAt(parent: JsonObject, key: string, path: string): JsonObject[] {
  const list: Json = parent[key] ?? [];
  if (!Array.isArray(list)) throw podMalformed(path, `is ${describe(list)}, not a list`);
  return list.map((item: unknown, index) => recordOf(item, `${path}[${index}]`));
}
