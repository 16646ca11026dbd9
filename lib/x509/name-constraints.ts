/**
 * Name constraints (RFC 5280 4.2.1.10) for DNS, IP, email and URI names, matched as Go and step-ca do: a leading dot
 * asks for at least one more label, an empty constraint matches everything, a URI without a host name is refused.
 */
import { contextTag, DerReader, type DerValue, Tag } from '../encoding/index.ts';
import { malformed } from './errors.ts';
import { formatIp, parseIp } from './ip-address.ts';
import type { SanType, SubjectAltNames } from './subject-alt-name.ts';
import { parseUri } from './uri.ts';

/** IP constraints are `address/mask-as-address` in text. */
export type NameSubtrees = Readonly<Record<SanType, readonly string[]>>;

export type NameConstraints = {
  readonly permitted: NameSubtrees;
  readonly excluded: NameSubtrees;
  /** There are constraints on other kinds of names, which are not understood here. */
  readonly hasOtherKinds: boolean;
};

/** @throws {AppError} ERR_DER, ERR_CERTIFICATE (malformed) */
export function decodeNameConstraints(value: Uint8Array, what: string): NameConstraints {
  const top = new DerReader(value, what);
  const fields = top.enter(Tag.sequence);
  top.end();
  const permitted = readSubtrees(fields.readOptional(contextTag(0, true)), what);
  const excluded = readSubtrees(fields.readOptional(contextTag(1, true)), what);
  fields.end();
  return {
    permitted: permitted.subtrees,
    excluded: excluded.subtrees,
    hasOtherKinds: permitted.other || excluded.other,
  };
}

const typeOfTag: Readonly<Record<number, SanType>> = {
  [contextTag(1, false)]: 'email',
  [contextTag(2, false)]: 'dns',
  [contextTag(6, false)]: 'uri',
  [contextTag(7, false)]: 'ip',
};

function readSubtrees(value: DerValue | undefined, what: string): { subtrees: NameSubtrees; other: boolean } {
  const subtrees: Record<SanType, string[]> = { dns: [], ip: [], email: [], uri: [] };
  let other = false;
  const list = value ? new DerReader(value.content, what) : undefined;
  while (list && !list.atEnd) {
    const subtree = list.enter(Tag.sequence);
    const { tag, content } = subtree.read();
    subtree.end(); // RFC 5280: minimum and maximum are not used
    const type = typeOfTag[tag];
    if (!type) other = true;
    else subtrees[type].push(type === 'ip' ? readRange(content, what) : readAscii(content, what));
  }
  return { subtrees, other };
}

function readRange(content: Buffer, what: string): string {
  if (content.length !== 8 && content.length !== 32) throw malformed(what, 'has a malformed IP constraint');
  const half = content.length / 2;
  return `${formatOctets(content.subarray(0, half))}/${formatOctets(content.subarray(half))}`;
}

/** Unlike formatIp keeps an IPv4-mapped IPv6 range IPv6. */
const formatOctets = (octets: Buffer): string => (octets.length === 4 ? formatIp(octets) : octets.toString('hex'));

function readAscii(content: Buffer, what: string): string {
  if (content.some((byte) => byte > 0x7f)) throw malformed(what, 'has a name constraint that is not ASCII');
  return content.toString('latin1');
}

const labelOf: Readonly<Record<SanType, string>> = {
  dns: 'DNS name',
  ip: 'IP address',
  email: 'Email address',
  uri: 'URI',
};

/**
 * Why these names may not be issued or accepted below certificates with these constraints; undefined when they may.
 * Every certificate's constraints hold by themselves. The words are step-ca's.
 */
export function findNameConstraintProblem(
  chain: readonly { readonly nameConstraints: NameConstraints | undefined }[],
  names: SubjectAltNames,
): string | undefined {
  for (const { nameConstraints } of chain) {
    if (!nameConstraints) continue;
    for (const type of ['dns', 'ip', 'email', 'uri'] as const) {
      const permitted = nameConstraints.permitted[type];
      const excluded = nameConstraints.excluded[type];
      if (permitted.length === 0 && excluded.length === 0) continue;
      for (const name of names[type]) {
        const problem = nameProblem(type, name, permitted, excluded);
        if (problem) return problem;
      }
    }
  }
  return undefined;
}

function nameProblem(
  type: SanType,
  name: string,
  permitted: readonly string[],
  excluded: readonly string[],
): string | undefined {
  const matches = matcherFor(type, name);
  if (typeof matches === 'string') return matches;
  const hit = excluded.find(matches);
  if (hit !== undefined) return `${labelOf[type]} "${name}" is excluded by constraint "${hit}"`;
  if (permitted.length > 0 && !permitted.some(matches)) {
    return `${labelOf[type]} "${name}" is not permitted by any constraint`;
  }
  return undefined;
}

/** A function that says whether a constraint covers the name, or a text why the name cannot be compared. */
function matcherFor(type: SanType, name: string): ((constraint: string) => boolean) | string {
  switch (type) {
    case 'dns':
      return domainLabels(name) ? (constraint) => coversDomain(constraint, name) : `cannot parse domain "${name}"`;
    case 'ip':
      return (constraint) => coversAddress(constraint, name);
    case 'email': {
      const at = name.lastIndexOf('@');
      const [local, domain] = [name.slice(0, at), name.slice(at + 1)];
      if (at < 1 || !domainLabels(domain)) return `cannot parse rfc822Name "${name}"`;
      return (constraint) => coversMailbox(constraint, local, domain);
    }
    case 'uri': {
      const host = parseUri(name)?.host.replace(/:\d*$/, '') ?? '';
      if (host === '') return `URI with empty host ("${name}") cannot be matched against constraints`;
      if (host.startsWith('[') || parseIp(host)) return `URI with IP ("${name}") cannot be matched against constraints`;
      return domainLabels(host) ? (constraint) => coversDomain(constraint, host) : `cannot parse domain "${host}"`;
    }
  }
}

function coversMailbox(constraint: string, local: string, domain: string): boolean {
  const at = constraint.lastIndexOf('@');
  if (at < 0) return coversDomain(constraint, domain);
  return constraint.slice(0, at) === local && constraint.slice(at + 1).toLowerCase() === domain.toLowerCase();
}

function coversDomain(constraint: string, domain: string): boolean {
  if (constraint === '') return true;
  const below = constraint.startsWith('.');
  const wanted = domainLabels(below ? constraint.slice(1) : constraint);
  const labels = domainLabels(domain);
  if (!wanted || !labels) return false;
  if (labels.length < wanted.length + (below ? 1 : 0)) return false;
  return wanted.every((label, index) => label === labels[labels.length - wanted.length + index]);
}

/** Lower-case labels; undefined for an empty label, a trailing dot or an odd character. */
function domainLabels(domain: string): string[] | undefined {
  const labels = domain.toLowerCase().split('.');
  return labels.every((label) => /^[!-~]+$/.test(label)) ? labels : undefined;
}

function coversAddress(range: string, address: string): boolean {
  const octets = parseIp(address);
  const [base, mask] = range.split('/').map((part) => parseIp(part) ?? Buffer.from(part, 'hex'));
  if (!octets || !base || !mask || octets.length !== base.length || mask.length !== base.length) return false;
  return octets.every((octet, index) => ((octet ^ (base[index] ?? 0)) & (mask[index] ?? 0)) === 0);
}
