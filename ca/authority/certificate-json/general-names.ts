/**
 * Subject alternative names of a template: the four common kinds as ever, and those of other kinds (directory names,
 * registered identifiers, other names by their identifier) written one after the other.
 */
import { domainToASCII } from 'node:url';
import { contextTag, octetString, sequence, Tag, tlv } from '../../../lib/encoding/index.ts';
import {
  classifySan,
  encodeGeneralNames,
  formatIp,
  groupSans,
  parseIp,
  type SubjectAltNames,
} from '../../../lib/x509/index.ts';
import type { CertificateJson, SanJson } from './certificate.ts';
import { encodeSubject } from './encode-name.ts';
import { parseName } from './parse.ts';
import { decodeBase64, encodeExplicitValue, encodeOid, ValueProblem } from './typed-value.ts';

/** Whether there are names of kinds that Go does not know: step writes the extension itself then. */
export const hasOtherNames = ({ sans }: Pick<CertificateJson, 'sans'>): boolean =>
  (sans ?? []).some(({ type }) => !plainTypes.has(type));

const plainTypes: ReadonlySet<string> = new Set(['dns', 'email', 'ip', 'uri', 'auto', '']);

type Names = Pick<CertificateJson, 'dnsNames' | 'emailAddresses' | 'ipAddresses' | 'uris' | 'sans'>;

/** GeneralNames; undefined when there is no name. @throws {ValueProblem}, {AppError} ERR_SAN */
export function encodeNames(names: Names): Buffer | undefined {
  const sans = (names.sans ?? []).filter(({ value, asn1Value }) => value !== '' || asn1Value !== undefined);
  if (!hasOtherNames(names)) {
    const plain = plainNames(names, sans);
    return Object.values(plain).some((list) => list.length > 0) ? encodeGeneralNames(plain) : undefined;
  }
  const listed: SanJson[] = [
    ...(names.dnsNames ?? []).map((value) => ({ type: 'dns', value })),
    ...(names.emailAddresses ?? []).map((value) => ({ type: 'email', value })),
    ...(names.ipAddresses ?? []).map((value) => ({ type: 'ip', value })),
    ...(names.uris ?? []).map((value) => ({ type: 'uri', value: normalizeUri(value) })),
  ];
  return sequence(...[...listed.filter(({ value }) => value !== ''), ...sans].map(encodeName));
}

function plainNames(names: Names, sans: readonly SanJson[]): SubjectAltNames {
  const guessed = groupSans(sans.filter(({ type }) => type === 'auto' || type === '').map(({ value }) => value));
  const of = (type: string): string[] => sans.filter((san) => san.type === type).map(({ value }) => value);
  const addresses = [...(names.ipAddresses ?? []), ...of('ip')].flatMap((text) => {
    const octets = parseIp(text);
    return octets ? [formatIp(octets)] : []; // as step-ca: what is none is left out
  });
  return {
    dns: [...(names.dnsNames ?? []), ...of('dns'), ...guessed.dns],
    email: [...(names.emailAddresses ?? []), ...of('email'), ...guessed.email],
    ip: [...addresses, ...guessed.ip],
    uri: [...[...(names.uris ?? []), ...of('uri')].map(normalizeUri), ...guessed.uri].filter((name) => name !== ''),
  };
}

/** As Go prints it. */
function normalizeUri(text: string): string {
  const { type, value } = classifySan(text);
  return type === 'uri' ? value : text;
}

/** One GeneralName of any kind. */
function encodeName(san: SanJson): Buffer {
  const { type, value } = san;
  switch (type) {
    case '':
    case 'auto':
      return withoutWrapper(encodeGeneralNames(groupSans([value])));
    case 'dns':
      return tlv(contextTag(2, false), ia5(domainToASCII(value) || value));
    case 'email':
      return tlv(contextTag(1, false), ia5(value));
    case 'uri':
      return tlv(contextTag(6, false), ia5(value));
    case 'ip':
      return tlv(contextTag(7, false), parseIp(value) ?? refuse(`${JSON.stringify(value)} is not an IP address`));
    case 'registeredID':
      return tlv(contextTag(8, false), contentOf(encodeOid(value)));
    case 'dn': {
      const der = encodeSubject(parseName(san.asn1Value ?? parseJson(value)));
      return der.length === 2 ? refuse('a directory name is empty') : tlv(contextTag(4, true), der);
    }
    case 'permanentIdentifier':
      return otherName('1.3.6.1.5.5.7.8.3', explicit(encodePermanentIdentifier(san)));
    case 'hardwareModuleName':
      return otherName('1.3.6.1.5.5.7.8.4', explicit(encodeHardwareModule(san.asn1Value ?? parseJson(value))));
    case 'userPrincipalName':
      return otherName('1.3.6.1.4.1.311.20.2.3', encodeExplicitValue(`utf8:${value}`));
    default:
      if (!/^\d+(\.\d+)+$/.test(type)) refuse(`unsupported SAN type ${JSON.stringify(type)}`);
      return otherName(type, encodeExplicitValue(value));
  }
}

const refuse = (problem: string): never => {
  throw new ValueProblem(problem);
};

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return refuse('the value of a name is not JSON');
  }
}

const ia5 = (text: string): Buffer =>
  /^\p{ASCII}*$/u.test(text) ? Buffer.from(text, 'latin1') : refuse(`${JSON.stringify(text)} is not ASCII`);

const explicit = (der: Uint8Array): Buffer => tlv(contextTag(0, true), der);
const otherName = (type: string, value: Uint8Array): Buffer => tlv(contextTag(0, true), encodeOid(type), value);

/** Of a short definite length, as identifiers and lists of one name are; the long form is followed too. */
function contentOf(der: Buffer): Buffer {
  const length = der[1] ?? 0;
  return der.subarray(length < 0x80 ? 2 : 2 + (length & 0x7f));
}
const withoutWrapper = contentOf;

function membersOf(value: unknown): ReadonlyMap<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    refuse('the value of a name is not an object');
  return new Map(Object.entries(value as object).map(([name, member]) => [name.toLowerCase(), member]));
}

const textOf = (value: unknown): string =>
  value === undefined || value === null ? '' : typeof value === 'string' ? value : refuse('a name is not a text');

/** RFC 4043: both parts are optional. */
function encodePermanentIdentifier({ value, asn1Value }: SanJson): Buffer {
  const members = asn1Value === undefined ? new Map<string, unknown>([['identifier', value]]) : membersOf(asn1Value);
  const [identifier, assigner] = [textOf(members.get('identifier')), textOf(members.get('assigner'))];
  return sequence(
    ...(identifier === '' ? [] : [tlv(Tag.utf8String, Buffer.from(identifier, 'utf8'))]),
    ...(assigner === '' ? [] : [encodeOid(assigner)]),
  );
}

/** RFC 4108. */
function encodeHardwareModule(value: unknown): Buffer {
  const members = membersOf(value);
  const serialNumber = octetString(decodeBase64(textOf(members.get('serialnumber'))));
  return sequence(encodeOid(textOf(members.get('type'))), tlv(contextTag(4, false), contentOf(serialNumber)));
}
