/**
 * The texts of a name policy in ca.json, read into what names are compared with. What step-ca refuses to start with is
 * refused here, in its words.
 */
import { isIP } from 'node:net';
import { parseIp } from '../../../lib/x509/index.ts';
import { toLookupDomain } from './international-domain.ts';
import { isDomain, parseMailbox } from './mailbox.ts';

export type IpRange = { readonly base: Uint8Array; readonly prefix: number };

/** `domain` with a leading dot stands for exactly one more label. */
export type MailConstraint =
  | { readonly kind: 'domain'; readonly domain: string }
  | { readonly kind: 'mailbox'; readonly local: string; readonly domain: string };

/** Why a text cannot be a constraint. */
export class ConstraintProblem extends Error {}

const refuse = (problem: string): never => {
  throw new ConstraintProblem(problem);
};

const quote = (text: string): string => JSON.stringify(text);

function normalize(text: string, what: string): string {
  const normal = text.trim().toLowerCase();
  return normal === '' ? refuse(`${what} ${quote(text)} can not be empty or white space string`) : normal;
}

/** @throws {ConstraintProblem} also the others */
export function readCommonName(text: string): string {
  const normal = normalize(text, 'constraint');
  return normal === '*' ? refuse(`wildcard constraint ${quote(text)} is not supported`) : normal;
}

/** `*.example.com` becomes `.example.com`. */
export function readDnsDomain(text: string): string {
  const normal = normalize(text, 'constraint');
  if (/^\*[^.]/.test(normal)) {
    refuse(`wildcard character in domain constraint ${quote(text)} can only be used to match (full) labels`);
  }
  return readDomain(text, withoutWildcard(text, normal, 'domain constraint'), 'domain constraint');
}

function withoutWildcard(text: string, normal: string, what: string): string {
  if (normal.includes('..')) refuse(`${what} ${quote(text)} cannot have empty labels`);
  if (normal.startsWith('.')) refuse(`${what} ${quote(text)} with wildcard should start with *`);
  if (normal.lastIndexOf('*') > 0) refuse(`${what} ${quote(text)} can only have wildcard as starting character`);
  return normal.startsWith('*.') ? normal.slice(1) : normal;
}

function readDomain(text: string, normal: string, what: string): string {
  const ascii = toLookupDomain(normal) ?? refuse(`${what} ${quote(text)} can not be converted to ASCII`);
  return isDomain(ascii.replace(/^\./, '')) ? ascii : refuse(`cannot parse ${what} ${quote(text)}`);
}

/** An address or a range in CIDR notation. An IPv4 range written as mapped IPv6 is the IPv4 range. */
export function readIpRange(text: string): IpRange {
  const [, address = '', length] = /^([^/]*)(?:\/(\d+))?$/.exec(text) ?? [];
  const octets = parseIp(address) ?? refuse(`cannot parse constraint ${quote(text)} as IP nor CIDR`);
  const all = octets.length * 8;
  if (length === undefined) return { base: octets, prefix: all };
  const mapped = isIP(address) === 6 && octets.length === 4 ? 96 : 0;
  const bits = Number(length);
  if (bits > all + mapped) refuse(`cannot parse constraint ${quote(text)} as IP nor CIDR`);
  if (bits >= mapped) return { base: octets, prefix: bits - mapped };
  return { base: Buffer.concat([Buffer.alloc(10), Buffer.of(0xff, 0xff), octets]), prefix: bits };
}

/** A mailbox, or `@domain`, or the domain alone. */
export function readMailConstraint(text: string): MailConstraint {
  const normal = normalize(text, 'email constraint');
  if (normal.includes('*')) refuse(`email constraint ${quote(text)} cannot contain asterisk wildcard`);
  if (normal.split('@').length > 2) refuse(`email constraint ${quote(text)} contains too many @ characters`);
  const bare = normal.replace(/^@/, '');
  if (bare === '' || bare.startsWith('.')) refuse(`email constraint ${quote(text)} cannot start with period`);
  if (!bare.includes('@')) return { kind: 'domain', domain: readDomain(text, bare, 'email constraint') };
  const mailbox = parseMailbox(bare) ?? refuse(`cannot parse email constraint ${quote(text)} as RFC 2821 mailbox`);
  return { kind: 'mailbox', local: mailbox.local, domain: readDomain(text, mailbox.domain, 'email constraint') };
}

/** A host, or `*.` and a domain; schemes and paths are not compared. */
export function readUriDomain(text: string): string {
  const normal = normalize(text, 'URI domain constraint');
  if (normal.includes('://')) refuse(`URI domain constraint ${quote(text)} contains scheme (not supported yet)`);
  const host = withoutWildcard(text, normal, 'URI domain constraint');
  if (/[[\]]/.test(host)) refuse(`URI domain constraint ${quote(text)} contains invalid square brackets`);
  if (/^[^:]*:[^:]*$/.test(host)) refuse(`URI domain constraint ${quote(text)} cannot contain port`);
  if (parseIp(host)) refuse(`URI domain constraint ${quote(text)} cannot be an IP`);
  return readDomain(text, host, 'URI domain constraint');
}
