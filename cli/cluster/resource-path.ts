/** Where an object is found in the API. Pure. */
import type { KubernetesObject } from './objects.ts';

/** `networkpolicies` of `NetworkPolicy`: how the API builds the plural of every kind that we install. */
export const pluralOf = (kind: string): string => kind.toLowerCase().replace(/y$/, 'ie').concat('s');

/** Empty for the core group. */
export const groupOf = (apiVersion: string): string =>
  apiVersion.includes('/') ? (apiVersion.split('/')[0] ?? '') : '';

/** `/apis/apps/v1/namespaces/step/deployments/autocert` */
export function pathOf({ apiVersion = 'v1', kind = '', metadata }: KubernetesObject): string {
  const root = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
  const scope = metadata.namespace === undefined ? '' : `/namespaces/${metadata.namespace}`;
  return `${root}${scope}/${pluralOf(kind)}/${metadata.name}`;
}

/** `deployment.apps/autocert`, as kubectl names it. */
export function titleOf({ apiVersion = 'v1', kind = '', metadata }: KubernetesObject): string {
  const group = groupOf(apiVersion);
  return `${kind.toLowerCase()}${group === '' ? '' : `.${group}`}/${metadata.name}`;
}
