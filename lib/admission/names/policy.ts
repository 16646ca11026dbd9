/**
 * Which names a pod may have: upstream's `restrictCertificatesToNamespace`, for the subject as there and, beyond it, for
 * every SAN. The same policy is asked at admission and again when a token is minted for the live pod.
 *
 * The rule: a name of the cluster's Services (`*.svc`, `*.svc.<clusterDomain>`) must be one of the pod's own namespace.
 * Names outside the cluster domain, bare names and IP addresses are not restricted, as upstream. Compared without regard
 * to case and to dots at the ends, since DNS does not regard them. A wildcard is a name like any other: `*.svc` is no name
 * of the own namespace. In a URI or an email address it is the host that counts, and `/ns/<namespace>/` of a SPIFFE ID.
 */
import { classifySan } from '../../x509/index.ts';
import { nameInvalid, nameOfOtherNamespace } from './errors.ts';
import { authorityOf, findSyntaxProblem, hostOfAuthority } from './syntax.ts';

/** The part of the configuration that decides about names. */
export type NamePolicy = {
  readonly restrictCertificatesToNamespace: boolean;
  /** Empty: cluster.local. */
  readonly clusterDomain: string;
};

/** A name and the annotation it comes from, for messages. */
export type SourcedName = { readonly annotation: string; readonly value: string };

/**
 * Checks every name, first whether it is one, then whether pods of `namespace` may have it.
 *
 * @throws {AppError} ERR_NAME_INVALID (invalid), ERR_NAME_FORBIDDEN (forbidden)
 */
export function validateNames(names: readonly SourcedName[], namespace: string, policy: NamePolicy): void {
  for (const name of names) {
    const problem = findSyntaxProblem(name.value);
    if (problem) throw nameInvalid(name, problem);
  }
  if (!policy.restrictCertificatesToNamespace) return;
  const domain = clusterDomainOf(policy);
  const outsider = names.find(({ value }) => isOfOtherNamespace(value, namespace, domain));
  if (outsider) throw nameOfOtherNamespace(outsider, namespace, domain);
}

/** The cluster's DNS domain as it is compared. */
export const clusterDomainOf = ({ clusterDomain }: Pick<NamePolicy, 'clusterDomain'>): string =>
  comparable(clusterDomain) || 'cluster.local';

/** Whether a name belongs to Services or workloads of another namespace. */
export function isOfOtherNamespace(name: string, namespace: string, clusterDomain: string): boolean {
  const own = namespace.toLowerCase();
  const domain = comparable(clusterDomain);
  if (spiffeNamespacesOf(name).some((found) => found !== own)) return true;
  return hostsOf(name).some((host) => {
    const text = comparable(host);
    if (text.endsWith('.svc')) return !text.endsWith(`.${own}.svc`);
    if (text.endsWith(`.svc.${domain}`)) return !text.endsWith(`.${own}.svc.${domain}`);
    return false;
  });
}

/** What follows each `ns` in the path of a SPIFFE ID; by convention there is one: `/ns/<namespace>/sa/<account>`. */
function spiffeNamespacesOf(name: string): string[] {
  if (!/^spiffe:\/\//i.test(name)) return [];
  const segments = unescapePercent(name).toLowerCase().split('/').slice(3);
  return segments.flatMap((segment, index) => (segment === 'ns' ? segments.slice(index + 1, index + 2) : []));
}

const unescapePercent = (text: string): string =>
  text.replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));

/** Texts inside a name that a client could take for a host name. */
function hostsOf(name: string): string[] {
  const { type } = classifySan(name);
  if (type === 'ip') return [];
  if (type !== 'uri') return [name.slice(name.lastIndexOf('@') + 1)];
  const authority = authorityOf(name);
  // Without an authority anything may be meant: `web.other.svc:443`, `mailto:me@web.other.svc`, `dns:web.other.svc`
  return authority === undefined ? name.split(/[^A-Za-z0-9._*-]/) : [hostOfAuthority(authority)];
}

const comparable = (name: string): string => name.toLowerCase().replace(/^\.+|\.+$/g, '');
