/** Rights in words. Pure. */
import type { Action } from './cluster.ts';

/** `create deployments.apps in namespace step` */
export function describeAction({ verb, group, resource, subresource, namespace, name }: Action): string {
  const path = `${resource}${group ? `.${group}` : ''}${subresource ? `/${subresource}` : ''}`;
  return `${verb} ${path}${name ? ` "${name}"` : ''}${namespace ? ` in namespace ${namespace}` : ''}`;
}
