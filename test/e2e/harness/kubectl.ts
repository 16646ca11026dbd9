/** kubectl as the administrator of the test cluster, from inside its network. */
import { kubectlCommand } from '../cluster/control-plane.ts';
import { run } from '../cluster/processes.ts';

/** A Kubernetes object as far as scenarios look into it. */
export type KubernetesObject = {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly [member: string]: unknown };
  readonly [member: string]: unknown;
};

/** Output of kubectl. Rejects with what it says on standard error. */
export const kubectl = (...args: readonly string[]): Promise<string> => run(kubectlCommand(...args));

/** Applies objects, in one namespace where one is given. Rejects with the server's answer, as a user would read it. */
export function apply(objects: readonly object[], namespace?: string): Promise<string> {
  const list = { apiVersion: 'v1', kind: 'List', items: objects };
  return run(kubectlCommand('apply', ...inNamespace(namespace), '--filename=-'), JSON.stringify(list));
}

export async function readObject<Result = KubernetesObject>(
  namespace: string | undefined,
  ...what: string[]
): Promise<Result> {
  return JSON.parse(await kubectl('get', ...inNamespace(namespace), ...what, '--output=json')) as Result;
}

const inNamespace = (namespace: string | undefined): string[] => (namespace ? [`--namespace=${namespace}`] : []);
