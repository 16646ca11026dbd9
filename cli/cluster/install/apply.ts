/** Applies the objects one after the other and tells what each became. Server-side apply, so that nothing is lost. */
import { type Cluster, foundIn, messageOf } from '../cluster.ts';
import { applyRefused, installedOtherwise } from '../errors.ts';
import type { KubernetesObject } from '../objects.ts';
import { pathOf, titleOf } from '../resource-path.ts';

export type Change = 'created' | 'changed' | 'unchanged';

export type ApplyOptions = {
  /** The API server checks everything and stores nothing. */
  readonly dryRun: boolean;
  /** Takes fields from whoever set them. */
  readonly force: boolean;
};

/** What Helm writes into its objects. */
const releaseAnnotation = 'meta.helm.sh/release-name';

/** The objects as they are, in the same order. @throws {AppError} ERR_CLUSTER_INSTALLED_OTHERWISE (conflict) */
export async function readPresent(
  cluster: Cluster,
  objects: readonly KubernetesObject[],
): Promise<readonly (KubernetesObject | undefined)[]> {
  const present = await Promise.all(objects.map((object) => cluster.get<KubernetesObject>(pathOf(object))));
  const found = present.map(foundIn);
  for (const [index, object] of found.entries()) {
    const release = object?.metadata.annotations?.[releaseAnnotation];
    const wanted = objects[index];
    if (release === undefined || wanted === undefined || wanted.kind === 'Namespace') continue;
    throw installedOtherwise(
      `${titleOf(wanted)} belongs to the Helm release ${release}`,
      `change it with "helm upgrade ${release}", or uninstall that first`,
    );
  }
  return found;
}

/**
 * @param before the object as it is, undefined when there is none
 * @throws {AppError} ERR_CLUSTER_APPLY
 */
export async function applyObject(
  cluster: Cluster,
  object: KubernetesObject,
  before: KubernetesObject | undefined,
  options: ApplyOptions,
): Promise<Change> {
  const { status, body } = await cluster.apply(pathOf(object), object, options);
  if (status < 200 || status >= 300) throw applyRefused(titleOf(object), status, messageOf(body));
  if (!before) return 'created';
  const after = body as KubernetesObject;
  return sameApartFromBookkeeping(before, after) ? 'unchanged' : 'changed';
}

/** On a dry run the resourceVersion stays what it was, whatever would change. */
function sameApartFromBookkeeping(before: KubernetesObject, after: KubernetesObject): boolean {
  return JSON.stringify(withoutBookkeeping(before)) === JSON.stringify(withoutBookkeeping(after));
}

function withoutBookkeeping(object: KubernetesObject): unknown {
  const { status: _status, metadata: all, ...rest } = object as KubernetesObject & { readonly status?: unknown };
  const { managedFields: _fields, resourceVersion: _version, generation: _generation, ...metadata } = all;
  return sorted({ ...rest, metadata });
}

/** Members in one order: two answers of the API server need not agree on it. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, member]) => [key, sorted(member)]),
  );
}
