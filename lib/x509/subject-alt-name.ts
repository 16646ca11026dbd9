/**
 * Subject alternative names (RFC 5280 4.2.1.6) of the four kinds that step-ca handles: DNS, email, IP, URI, in this
 * order inside the extension. Other kinds in foreign certificates are passed over here; their bytes stay in the
 * extension.
 */
import { contextTag, DerReader, sequence, Tag, tlv } from '../encoding/index.ts';
import { malformed, sanHostInvalid, sanNotEncodable } from './errors.ts';
import { formatIp, parseIp } from './ip-address.ts';
import { hasCertifiableHost, parseUri } from './uri.ts';

export const sanTypes = ['dns', 'ip', 'email', 'uri'] as const;
export type SanType = (typeof sanTypes)[number];

/** Names by kind, in the order given; IP addresses in canonical text. */
export type SubjectAltNames = Readonly<Record<SanType, readonly string[]>>;

/**
 * What kind of name a text is, by step-ca's rules in step-ca's order: an IP address; a URI when it parses as one with
 * a scheme (so `localhost:8080` is a URI); an email address when it contains `@`; everything else is a DNS name,
 * unchecked. `value` is the spelling that goes into the certificate.
 */
export function classifySan(text: string): { readonly type: SanType; readonly value: string } {
  const ip = parseIp(text);
  if (ip) return { type: 'ip', value: formatIp(ip) };
  const uri = parseUri(text);
  if (uri) return { type: 'uri', value: uri.text };
  return { type: text.includes('@') ? 'email' : 'dns', value: text };
}

/** Names sorted into their kinds; empty texts are skipped, as step-ca does. */
export function groupSans(texts: readonly string[]): SubjectAltNames {
  const groups: Record<SanType, string[]> = { dns: [], ip: [], email: [], uri: [] };
  for (const text of texts) {
    if (text === '') continue;
    const { type, value } = classifySan(text);
    groups[type].push(value);
  }
  return groups;
}

/** All names in one list: DNS, IP, email, URI. */
export const listSans = (sans: SubjectAltNames): string[] => [...sans.dns, ...sans.ip, ...sans.email, ...sans.uri];

const emailTag = contextTag(1, false);
const dnsTag = contextTag(2, false);
const uriTag = contextTag(6, false);
const ipTag = contextTag(7, false);

/** GeneralNames. @throws {AppError} ERR_SAN (invalid) for what cannot be an IA5String or is no address */
export function encodeGeneralNames(sans: SubjectAltNames): Buffer {
  const names = [
    ...sans.dns.map((name) => tlv(dnsTag, ia5(name, 'dns'))),
    ...sans.email.map((name) => tlv(emailTag, ia5(name, 'email'))),
    ...sans.ip.map((name) => tlv(ipTag, parseIp(name) ?? notEncodable('ip', name))),
    ...sans.uri.map((name) => tlv(uriTag, encodeUri(name))),
  ];
  return sequence(Buffer.concat(names)); // not as arguments: a hundred thousand of them overflow the stack
}

function ia5(text: string, type: SanType): Buffer {
  if (!isAscii(text)) notEncodable(type, text);
  return Buffer.from(text, 'latin1');
}

function encodeUri(text: string): Buffer {
  const uri = parseUri(text);
  if (uri && !hasCertifiableHost(uri)) throw sanHostInvalid(text);
  return ia5(text, 'uri');
}

function notEncodable(type: SanType, value: string): never {
  throw sanNotEncodable(type, value);
}

/** The names of a subjectAltName extension's value. @throws {AppError} ERR_DER, ERR_CERTIFICATE, ERR_CSR (malformed) */
export function decodeGeneralNames(der: Uint8Array, what: string): SubjectAltNames {
  const groups: Record<SanType, string[]> = { dns: [], ip: [], email: [], uri: [] };
  const top = new DerReader(der, what);
  const names = top.enter(Tag.sequence);
  top.end();
  while (!names.atEnd) {
    const { tag, content } = names.read();
    switch (tag) {
      case dnsTag:
        groups.dns.push(readIa5(content, what));
        break;
      case emailTag:
        groups.email.push(readIa5(content, what));
        break;
      case uriTag:
        groups.uri.push(readUri(content, what));
        break;
      case ipTag:
        if (content.length !== 4 && content.length !== 16) throw malformed(what, 'has an IP address of odd length');
        groups.ip.push(formatIp(content));
        break;
      default:
        if ((tag & 0xc0) !== 0x80 || (tag & 0x1f) > 8) throw malformed(what, 'has a name of unknown kind');
    }
  }
  return groups;
}

function readIa5(content: Buffer, what: string): string {
  const text = content.toString('latin1');
  if (!isAscii(text)) throw malformed(what, 'has a name that is not ASCII');
  return text;
}

function isAscii(text: string): boolean {
  for (let index = 0; index < text.length; index++) if (text.charCodeAt(index) > 0x7f) return false;
  return true;
}

function readUri(content: Buffer, what: string): string {
  const text = readIa5(content, what);
  const uri = parseUri(text);
  if (!uri || !hasCertifiableHost(uri)) throw malformed(what, 'has a URI that does not parse');
  return uri.text;
}

export const noSans: SubjectAltNames = { dns: [], ip: [], email: [], uri: [] };
