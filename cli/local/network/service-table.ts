/** Services and pods -> the table that pods look names up in. Pure. As endpoints are made: by label selector. */
import { notSimulated } from '../errors.ts';
import type { Pod, Service } from '../manifests/objects.ts';
import type { SourcedObject } from '../manifests/read-manifests.ts';
import type { Endpoint, ServiceEntry } from './cluster-names.ts';

/** A pod's name in tables and files: `namespace/name`. */
export const podKey = (pod: Pod): string => `${pod.metadata.namespace}/${pod.metadata.name}`;

/** @throws {AppError} ERR_LOCAL_NOT_SIMULATED (invalid) for a Service without selector */
export function buildServiceEntries(
  services: readonly SourcedObject<Service>[],
  pods: readonly Pod[],
  namespace: string,
): ServiceEntry[] {
  return services.map(({ source, object: { metadata, spec } }) => {
    if (spec.type === 'ExternalName') throw notSimulated(source, 'type ExternalName is not simulated');
    const { selector } = spec;
    if (!selector) throw notSimulated(source, 'a Service without selector is not simulated');
    const inNamespace = metadata.namespace ?? namespace;
    const selected = pods.filter(
      (pod) =>
        pod.metadata.namespace === inNamespace &&
        Object.entries(selector).every(([key, value]) => pod.metadata.labels?.[key] === value),
    );
    return {
      namespace: inNamespace,
      name: metadata.name ?? '',
      ports: (spec.ports ?? []).map(({ port, targetPort }) => ({
        port,
        endpoints: selected.flatMap((pod) => endpointOf(pod, targetPort ?? port)),
      })),
    };
  });
}

/** A named targetPort is looked up in each pod; a pod that has none of that name is no endpoint. */
function endpointOf(pod: Pod, targetPort: number | string): Endpoint[] {
  const port =
    typeof targetPort === 'number' || /^\d+$/.test(targetPort) ? Number(targetPort) : findNamedPort(pod, targetPort);
  return port === undefined ? [] : [{ pod: podKey(pod), hostname: pod.spec.hostname ?? pod.metadata.name ?? '', port }];
}

function findNamedPort(pod: Pod, name: string): number | undefined {
  const ports = [...pod.spec.containers, ...(pod.spec.initContainers ?? [])].flatMap(
    (container) => container.ports ?? [],
  );
  return ports.find((port) => port.name === name)?.containerPort;
}
