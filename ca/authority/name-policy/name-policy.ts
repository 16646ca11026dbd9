/**
 * Which names may stand in a certificate: lists of what is allowed and what is denied, as step-ca reads and matches them
 * (its package `policy`). Denied comes first; as soon as anything is allowed explicitly, names of a kind that no list
 * speaks of are refused. Asked for new certificates only: renewals keep their names.
 */
import { classifySan, parseIp, type SanType, type SubjectAltNames, sanTypes } from '../../../lib/x509/index.ts';
import type { NameListsJson, NamePolicyJson } from '../../config/index.ts';
import { policyInvalid } from '../errors.ts';
import {
  ConstraintProblem,
  type IpRange,
  type MailConstraint,
  readCommonName,
  readDnsDomain,
  readIpRange,
  readMailConstraint,
  readUriDomain,
} from './constraints.ts';
import { toLookupDomain } from './international-domain.ts';
import { isDomain, parseMailbox } from './mailbox.ts';
import { parseUriHost } from './uri-host.ts';

type Lists<Constraint> = { readonly allowed: readonly Constraint[]; readonly denied: readonly Constraint[] };

type Constraints = {
  readonly cn: Lists<string>;
  readonly dns: Lists<string>;
  readonly ip: Lists<IpRange>;
  readonly email: Lists<MailConstraint>;
  readonly uri: Lists<string>;
};

export type NamesOfCertificate = { readonly commonName: string; readonly sans: SubjectAltNames };

export class NamePolicy {
  readonly #constraints: Constraints;
  readonly #wildcardsAllowed: boolean;
  /** Whether a kind of names that no list speaks of is refused. */
  readonly #closed: boolean;

  /** Use {@link readNamePolicy}. */
  constructor(constraints: Constraints, wildcardsAllowed: boolean) {
    this.#constraints = constraints;
    this.#wildcardsAllowed = wildcardsAllowed;
    this.#closed = Object.values(constraints).some(({ allowed }) => allowed.length > 0);
  }

  /** Why these names may not be certified, in the words of step-ca; undefined when they may. */
  findProblem({ commonName, sans }: NamesOfCertificate): string | undefined {
    for (const type of sanTypes) {
      for (const name of sans[type]) {
        const problem = this.#problemOf(type, name, type);
        if (problem !== undefined) return problem;
      }
    }
    return this.#commonNameProblem(commonName);
  }

  /** One that no list of common names lets through is judged as the kind of name that it looks like. */
  #commonNameProblem(commonName: string): string | undefined {
    if (commonName === '') return undefined;
    const { cn } = this.#constraints;
    if (isListed(cn) && isAllowed(cn, (constraint) => foldsTo(commonName, constraint))) return undefined;
    const { type, value } = classifySan(commonName);
    return this.#problemOf(type, value, 'cn');
  }

  #problemOf(type: SanType, name: string, shown: SanType | 'cn'): string | undefined {
    const refused = `${shown} name ${JSON.stringify(name)} not allowed`;
    if (this.#closed && !isListed(this.#constraints[type])) return refused;
    switch (type) {
      case 'dns': {
        const domain = readDnsName(name);
        if (domain === undefined) return `cannot parse ${shown} domain ${JSON.stringify(name)}`;
        return this.#judge(this.#constraints.dns, (constraint) => this.#covers(constraint, domain), refused);
      }
      case 'ip': {
        const octets = parseIp(name);
        return this.#judge(this.#constraints.ip, (range) => octets !== undefined && contains(range, octets), refused);
      }
      case 'email': {
        const mailbox = parseMailbox(name);
        if (!mailbox) return `cannot parse ${shown} rfc822Name ${JSON.stringify(name)}`;
        return this.#judge(
          this.#constraints.email,
          (constraint) =>
            constraint.kind === 'domain'
              ? this.#covers(constraint.domain, mailbox.domain)
              : constraint.local === mailbox.local && foldsTo(mailbox.domain, constraint.domain),
          refused,
        );
      }
      case 'uri': {
        if (!isListed(this.#constraints.uri)) return undefined;
        const host = parseUriHost(name);
        if (host === undefined) return `error matching ${shown} name ${JSON.stringify(name)} to constraint`;
        return this.#judge(this.#constraints.uri, (constraint) => this.#covers(constraint, host), refused);
      }
    }
  }

  #judge<Constraint>(
    lists: Lists<Constraint>,
    matches: (constraint: Constraint) => boolean,
    refused: string,
  ): string | undefined {
    return isAllowed(lists, matches) ? undefined : refused;
  }

  /** A leading dot asks for exactly one more label. */
  #covers(constraint: string, domain: string): boolean {
    if (domain === '' || domain.startsWith('.')) return false;
    if (domain.startsWith('*') && !(domain.startsWith('*.') && this.#wildcardsAllowed)) return false;
    if (domain.lastIndexOf('*') > 0) return false;
    const below = constraint.startsWith('.');
    const wanted = constraint.slice(below ? 1 : 0);
    if (!below) return foldsTo(domain, wanted);
    const dot = domain.indexOf('.');
    return dot > 0 && foldsTo(domain.slice(dot + 1), wanted);
  }
}

/**
 * @param source member of ca.json that it stands in
 * @returns undefined when it lists no name at all: then nothing is forbidden
 * @throws {AppError} ERR_CA_POLICY (invalid)
 */
export function readNamePolicy(policy: NamePolicyJson | undefined, source: string): NamePolicy | undefined {
  const { allow = {}, deny = {}, allowWildcardNames = false } = policy ?? {};
  const lists = <Constraint>(kind: keyof NameListsJson, read: (text: string) => Constraint): Lists<Constraint> => ({
    allowed: readList(allow[kind], read, `${source}.allow.${kind}`),
    denied: readList(deny[kind], read, `${source}.deny.${kind}`),
  });
  const constraints: Constraints = {
    cn: lists('cn', readCommonName),
    dns: lists('dns', readDnsDomain),
    ip: lists('ip', readIpRange),
    email: lists('email', readMailConstraint),
    uri: lists('uri', readUriDomain),
  };
  const empty = Object.values(constraints).every((each) => !isListed(each));
  return empty ? undefined : new NamePolicy(constraints, allowWildcardNames);
}

function readList<Constraint>(
  texts: readonly string[] | undefined,
  read: (text: string) => Constraint,
  source: string,
): Constraint[] {
  try {
    return (texts ?? []).map(read);
  } catch (error) {
    throw error instanceof ConstraintProblem ? policyInvalid(source, error.message) : error;
  }
}

const isListed = ({ allowed, denied }: Lists<unknown>): boolean => allowed.length + denied.length > 0;

function isAllowed<Constraint>(
  { allowed, denied }: Lists<Constraint>,
  matches: (constraint: Constraint) => boolean,
): boolean {
  return !denied.some(matches) && (allowed.length === 0 || allowed.some(matches));
}

const foldsTo = (text: string, other: string): boolean => text.toLowerCase() === other.toLowerCase();

/** As it is looked up; a wildcard in front stays. */
function readDnsName(name: string): string | undefined {
  const wildcard = name.startsWith('*.') ? '*.' : '';
  const ascii = toLookupDomain(name.slice(wildcard.length));
  return ascii !== undefined && ascii !== '' && isDomain(ascii) ? wildcard + ascii : undefined;
}

function contains({ base, prefix }: IpRange, octets: Uint8Array): boolean {
  if (octets.length !== base.length) return false;
  return octets.every((octet, index) => {
    const bits = Math.min(8, Math.max(0, prefix - index * 8));
    return ((octet ^ (base[index] ?? 0)) & (0xff00 >> bits) & 0xff) === 0;
  });
}
