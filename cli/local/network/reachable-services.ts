/** Services of pods that listen, and how a program outside the local cluster reaches them. Pure. */
import type { FindLocalPort, ServiceTable } from './cluster-names.ts';

export type ReachableService = {
  /** `hello-mtls.default.svc.cluster.local:443` */
  readonly name: string;
  readonly host: string;
  readonly port: number;
  /** Of this machine's loopback. */
  readonly localPort: number;
  /** curl's option that leads there while TLS still checks the Service's name. */
  readonly how: string;
};

/** Every port of every Service that at least one pod listens on; the control plane's own are left out. */
export function describeReachableServices(table: ServiceTable, findLocalPort: FindLocalPort): ReachableService[] {
  return table.services.flatMap(({ namespace, name, ports }) =>
    ports.flatMap(({ port, endpoints }) => {
      const localPort = endpoints
        .map((endpoint) => ('pod' in endpoint ? findLocalPort(endpoint.pod, endpoint.port) : undefined))
        .find(Boolean);
      if (localPort === undefined) return [];
      const host = `${name}.${namespace}.svc.${table.clusterDomain}`;
      const how = `curl --connect-to ${host}:${port}:127.0.0.1:${localPort} …`;
      return [{ name: `${host}:${port}`, host, port, localPort, how }];
    }),
  );
}

/**
 * The variables that Kubernetes sets for the Services of a pod's namespace (`HELLO_MTLS_SERVICE_HOST`, `…_PORT`), for
 * programs that cannot use names here. A Service that nobody listens for yet has none.
 */
export function buildServiceLinks(
  table: ServiceTable,
  namespace: string,
  findLocalPort: FindLocalPort,
): Record<string, string> {
  const links: Record<string, string> = {};
  for (const service of table.services) {
    if (service.namespace !== namespace) continue;
    const [first] = describeReachableServices({ ...table, services: [service] }, findLocalPort);
    if (!first) continue;
    const prefix = service.name.toUpperCase().replaceAll('-', '_');
    links[`${prefix}_SERVICE_HOST`] = '127.0.0.1';
    links[`${prefix}_SERVICE_PORT`] = String(first.localPort);
  }
  return links;
}
