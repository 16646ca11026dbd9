/**
 * Audiences a token may name (step-ca core API): every DNS name of the CA with the paths of an operation, bare and
 * under /1.0. A port in the token's audience does not count, since proxies change it; the host is compared as it is
 * spelled.
 */
import { isIPv6 } from 'node:net';

export type Audiences = {
  readonly sign: readonly string[];
  readonly revoke: readonly string[];
  readonly renew: readonly string[];
  /** Every kind, SSH included: decides whether a token names a provisioner by issuer and kid. */
  readonly any: readonly string[];
};

/** What tokens of very old clients say instead of a URL. */
const legacyAudience = 'step-certificate-authority';

/**
 * @param dnsNames names and IP addresses of the CA; IPv6 with or without brackets
 * @param addresses of proxies by which it is reached: URLs without a slash at the end, ours only
 */
export function buildAudiences(dnsNames: readonly string[], addresses: readonly string[] = []): Audiences {
  const own = dnsNames.map((name) => `https://${isIPv6(name) ? `[${name}]` : name}`);
  const bases = [...own, ...addresses];
  const urls = (...paths: string[]): string[] =>
    bases.flatMap((base) => paths.flatMap((path) => [`${base}/1.0/${path}`, `${base}/${path}`]));
  const sign = [legacyAudience, ...urls('sign', 'ssh/sign')];
  const revoke = [legacyAudience, ...urls('revoke')];
  const renew = urls('renew');
  return { sign, revoke, renew, any: [...sign, ...revoke, ...renew, ...urls('ssh/revoke', 'ssh/renew', 'ssh/rekey')] };
}

/** Whether one of the token's audiences is one of the CA's. */
export function matchesAudience(given: readonly string[], wanted: readonly string[]): boolean {
  return given.some((audience) => wanted.includes(audience) || wanted.includes(withoutPort(audience)));
}

/** Fragment of the first audience that has one: the token id of the kinds of provisioner that need it. */
export function audienceFragment(given: readonly string[]): string {
  for (const audience of given) {
    const hash = audience.indexOf('#');
    if (hash >= 0 && hash < audience.length - 1) return audience.slice(hash + 1);
  }
  return '';
}

/**
 * As Go's url.Parse and String leave it without its port: the scheme in lower case, an empty fragment gone, the rest
 * byte for byte.
 */
function withoutPort(audience: string): string {
  const match = /^([a-z][a-z0-9+.-]*):\/\/([^/?#]*?)(?::\d*)?([/?#].*)?$/i.exec(audience);
  if (!match) return audience;
  const [, scheme = '', host = '', rest = ''] = match;
  return `${scheme.toLowerCase()}://${host}${rest.replace(/#$/, '')}`;
}
