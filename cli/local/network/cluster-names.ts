/**
 * Names and ports of the cluster -> loopback ports. Pure; used by the preload module inside the pods' Node programs and
 * by the command that prints addresses.
 *
 * On one machine every pod would want the same ports. So a port that a pod listens on becomes any free port, which is
 * written down when it is known; whoever connects to a Service looks it up.
 */

/** Where a Service's port leads: a port of a pod, or a port of this machine. */
export type Endpoint =
  | { readonly pod: string; readonly hostname: string; readonly port: number }
  | { readonly localPort: number };

export type ServiceEntry = {
  readonly namespace: string;
  readonly name: string;
  readonly ports: readonly { readonly port: number; readonly endpoints: readonly Endpoint[] }[];
};

/** Content of the file that every pod of a local run can read. */
export type ServiceTable = { readonly clusterDomain: string; readonly services: readonly ServiceEntry[] };

/** The local port of a pod's port, undefined while nobody listens there. */
export type FindLocalPort = (pod: string, port: number) => number | undefined;

/**
 * `untouched`: no business of the local cluster. Otherwise loopback ports of which any will do; none means that
 * nobody listens.
 */
export type Destination = 'untouched' | readonly number[];

const loopback = new Set(['localhost', '127.0.0.1', '::1', '0.0.0.0', '']);

/** @param self namespace and pod of who connects */
export function resolveDestination(
  table: ServiceTable,
  self: { readonly namespace: string; readonly pod: string },
  host: string,
  port: number,
  findLocalPort: FindLocalPort,
): Destination {
  if (loopback.has(host)) {
    const own = findLocalPort(self.pod, port); // containers of a pod share its loopback
    return own === undefined ? 'untouched' : [own];
  }
  const found = findService(table, self.namespace, host);
  if (!found) return 'untouched';
  const endpoints = found.service.ports.find((entry) => entry.port === port)?.endpoints ?? [];
  return endpoints.flatMap((endpoint) => {
    if ('localPort' in endpoint) return [endpoint.localPort];
    if (found.hostname !== undefined && endpoint.hostname !== found.hostname) return [];
    return findLocalPort(endpoint.pod, endpoint.port) ?? [];
  });
}

/** The Service of a name as a pod's resolver finds it: through the search list of its namespace. */
export function findService(
  { clusterDomain, services }: ServiceTable,
  namespace: string,
  host: string,
): { readonly service: ServiceEntry; readonly hostname: string | undefined } | undefined {
  const absolute = host.toLowerCase().replace(/\.$/, '');
  const search = host.endsWith('.')
    ? []
    : [`.${namespace}.svc.${clusterDomain}`, `.svc.${clusterDomain}`, `.${clusterDomain}`];
  for (const suffix of [...search, '']) {
    const name = absolute + suffix;
    if (!name.endsWith(`.svc.${clusterDomain}`)) continue;
    const labels = name.slice(0, -`.svc.${clusterDomain}`.length).split('.');
    const [serviceName, inNamespace] = labels.slice(-2);
    const service = services.find((entry) => entry.name === serviceName && entry.namespace === inNamespace);
    if (service && labels.length <= 3) return { service, hostname: labels.length === 3 ? labels[0] : undefined };
  }
  return undefined;
}

/** File that holds the local port of a pod's port, below the network folder. */
export const portFile = (pod: string, port: number): string => `${pod.replace('/', '_')}.${port}`;
/** File of the {@link ServiceTable}, below the network folder. */
export const tableFile = 'services.json';
