/**
 * The rights that an installation needs, asked for before anything is changed: an installation that stops half way is
 * worse than none. The list is read off the objects, so that it cannot fall behind them.
 */
import type { Action, Cluster } from '../cluster.ts';
import type { KubernetesObject } from '../objects.ts';
import { groupOf, pluralOf } from '../resource-path.ts';
import { describeAction } from '../rights.ts';

type Rule = {
  readonly apiGroups?: readonly string[];
  readonly resources?: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly verbs?: readonly string[];
};
type Role = KubernetesObject & { readonly rules?: readonly Rule[] };

/** To read an object, and to apply one that is there or not. */
const verbs = ['get', 'create', 'patch'] as const;

/** What is needed of each kind of object. Pure. */
function rightsFor(objects: readonly KubernetesObject[]): readonly Action[] {
  const needed = objects.flatMap(({ apiVersion = '', kind = '', metadata }) =>
    verbs.map((verb) =>
      withNamespace({ verb, group: groupOf(apiVersion), resource: pluralOf(kind) }, metadata.namespace),
    ),
  );
  return distinct(needed);
}

/**
 * The rights that the roles among the objects give: whoever makes a role must have them (Kubernetes, "Using RBAC
 * Authorization", privilege escalation prevention), or the verbs `escalate` and `bind`. Pure.
 */
function rightsGiven(objects: readonly KubernetesObject[]): readonly Action[] {
  const given = objects.flatMap((object) =>
    ((object as Role).rules ?? []).flatMap(({ apiGroups = [], resources = [], verbs = [], resourceNames = [''] }) =>
      product(apiGroups, resources, verbs, resourceNames).map(([group, path, verb, name]) => {
        const [resource = '', subresource] = path.split('/');
        const action = { verb, group, resource, ...(subresource ? { subresource } : {}), ...(name ? { name } : {}) };
        return withNamespace(action, object.metadata.namespace);
      }),
    ),
  );
  return distinct(given);
}

/** Those that we do not have, in words; empty when everything may be done. */
export async function findMissingRights(cluster: Cluster, objects: readonly KubernetesObject[]): Promise<string[]> {
  const missing = await refused(cluster, rightsFor(objects));
  const given = await refused(cluster, rightsGiven(objects));
  if (given.length > 0 && !(await mayEscalate(cluster, objects))) missing.push(...given);
  return missing.map(describeAction);
}

async function mayEscalate(cluster: Cluster, objects: readonly KubernetesObject[]): Promise<boolean> {
  const roles = objects.filter((object) => (object as Role).rules !== undefined);
  const actions = roles.flatMap(({ kind = '', metadata }) =>
    ['escalate', 'bind'].map((verb) =>
      withNamespace({ verb, group: 'rbac.authorization.k8s.io', resource: pluralOf(kind) }, metadata.namespace),
    ),
  );
  return (await refused(cluster, distinct(actions))).length === 0;
}

/** What cannot be asked counts as refused. */
async function refused(cluster: Cluster, actions: readonly Action[]): Promise<Action[]> {
  const answers = await Promise.all(actions.map((action) => cluster.may(action)));
  return actions.filter((_, index) => answers[index] !== true);
}

const withNamespace = (action: Action, namespace: string | undefined): Action =>
  namespace === undefined ? action : { ...action, namespace };

const distinct = (actions: readonly Action[]): Action[] => [
  ...new Map(actions.map((action) => [JSON.stringify(action), action])).values(),
];

function product(...lists: readonly (readonly string[])[]): [string, string, string, string][] {
  const rows = lists.reduce<string[][]>(
    (found, list) => found.flatMap((row) => list.map((item) => [...row, item])),
    [[]],
  );
  return rows as [string, string, string, string][];
}
