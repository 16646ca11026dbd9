/**
 * Writes a plan down as JSON Patch (RFC 6902), in upstream's order of operations: bootstrapper, mounts of app containers,
 * mounts of init containers, renewer, volumes, annotation. Lists are added to and never replaced, so that nothing of the
 * pod's own is sent back to the API server. A list that the pod lacks is added whole: RFC 6902 4.1 wants the parent to be.
 */
import { renderContainer } from './containers.ts';
import type { ListName } from './pod.ts';
import type { ContainerStep, InjectionPlan, Json, PatchFacts, PatchOperation, TokenSource } from './types.ts';

/** Operations for the pod that the plan was made for, in the order in which they apply. */
export function renderPatch(plan: InjectionPlan, source: TokenSource, facts: PatchFacts): PatchOperation[] {
  const { layout } = plan;
  const render = (
    steps: readonly ContainerStep[],
  ): { list: ListName; op: 'add' | 'replace'; index: number; value: Json }[] =>
    steps.map(({ list, op, index, container }) => ({
      list,
      op,
      index,
      value: renderContainer(container, source, facts),
    }));
  const inits = render(layout.containers.filter(({ list }) => list === 'initContainers'));
  const apps = render(layout.containers.filter(({ list }) => list === 'containers'));
  const insertedAt = inits.filter(({ op }) => op === 'add').map(({ index }) => index);

  const mountOps = (list: ListName): PatchOperation[] =>
    layout.mounts
      .filter((mount) => mount.list === list)
      .flatMap(({ index }) => {
        const at = list === 'initContainers' ? indexAfter(index, insertedAt) : index;
        const container = listAt(layout.podSpec[list])?.[index];
        return appendTo(`/spec/${list}/${at}/volumeMounts`, memberOf(container, 'volumeMounts'), [layout.mount]);
      });

  return [
    ...insertInto('/spec/initContainers', layout.podSpec.initContainers, inits),
    ...mountOps('containers'),
    ...mountOps('initContainers'),
    ...insertInto('/spec/containers', layout.podSpec.containers, apps),
    ...appendTo('/spec/volumes', layout.podSpec.volumes, layout.volumes),
    ...layout.annotations,
  ];
}

/** Items into a list at their places; the whole list where the pod has none. */
function insertInto(
  path: string,
  present: Json | undefined,
  items: readonly { readonly op: 'add' | 'replace'; readonly index: number; readonly value: Json }[],
): PatchOperation[] {
  const list = listAt(present);
  if (!list) return items.length === 0 ? [] : [{ op: 'add', path, value: items.map(({ value }) => value) }];
  let length = list.length;
  return items.map(({ op, index, value }) => {
    if (op === 'replace') return { op, path: `${path}/${index}`, value };
    const end = index === length;
    length += 1;
    return { op, path: `${path}/${end ? '-' : index}`, value };
  });
}

function appendTo(path: string, present: Json | undefined, items: readonly Json[]): PatchOperation[] {
  if (items.length === 0) return [];
  if (!listAt(present)) return [{ op: 'add', path, value: items }];
  return items.map((value) => ({ op: 'add', path: `${path}/-`, value }));
}

/** Where item `index` of a list stands after insertions, each of which counts in the list as it was then. */
const indexAfter = (index: number, insertedAt: readonly number[]): number =>
  insertedAt.reduce((at, inserted) => (inserted <= at ? at + 1 : at), index);

const listAt = (value: Json | undefined): readonly Json[] | undefined => (Array.isArray(value) ? value : undefined);

const memberOf = (value: Json | undefined, key: string): Json | undefined =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as { readonly [name: string]: Json })[key]
    : undefined;
