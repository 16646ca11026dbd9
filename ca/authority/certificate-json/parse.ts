/**
 * What a template rendered, read as step does (its package x509util): the first JSON value, members in any case, unknown
 * ones passed over, null as if absent; lists may be a single text.
 */
import { type KeyUsage, keyUsages, parseIp } from '../../../lib/x509/index.ts';
import { parseTimeOrDuration, type TimeOrDuration } from '../validity.ts';
import { type CertificateJson, emptyCertificate, type NameConstraintsJson, type SanJson } from './certificate.ts';
import { findExtendedKeyUsage } from './extended-key-usage.ts';
import { parseFirstValue } from './first-value.ts';
import type { NameJson } from './name.ts';
import type { BasicConstraintsJson, ExtensionJson } from './request.ts';
import { decodeBase64, encodeOid, parseRange, ValueProblem } from './typed-value.ts';

export type CertificateTemplate = {
  readonly certificate: CertificateJson;
  /** For a request that does not say. */
  readonly notBefore: TimeOrDuration | undefined;
  readonly notAfter: TimeOrDuration | undefined;
};

/** @throws {ValueProblem} with the member and what is wrong with it */
export function parseCertificateJson(text: string): CertificateTemplate {
  const { read, names } = membersOf(parseJson(text), 'certificate');
  const list = (name: string) => read(name, readTexts) ?? null;
  return {
    certificate: {
      ...emptyCertificate,
      version: read('version', readInteger) ?? 0,
      subject: read('subject', readName) ?? {},
      rawSubject: read('rawSubject', readBase64) ?? null,
      issuer: read('issuer', readName) ?? {},
      serialNumber: read('serialNumber', readSerial) ?? null,
      dnsNames: list('dnsNames'),
      emailAddresses: list('emailAddresses'),
      ipAddresses: read('ipAddresses', readAddresses) ?? null,
      uris: read('uris', readUris) ?? null,
      sans: read('sans', (value) => readList(value, readSan)) ?? null,
      extensions: read('extensions', (value) => readList(value, readExtension)) ?? null,
      keyUsage: read('keyUsage', readKeyUsages) ?? null,
      extKeyUsage: (list('extKeyUsage') ?? []).map(readExtendedKeyUsage),
      unknownExtKeyUsage: read('unknownExtKeyUsage', readOids) ?? null,
      subjectKeyId: read('subjectKeyId', readBase64) ?? null,
      authorityKeyId: read('authorityKeyId', readBase64) ?? null,
      ocspServer: list('ocspServer'),
      issuingCertificateURL: list('issuingCertificateURL'),
      crlDistributionPoints: list('crlDistributionPoints'),
      policyIdentifiers: read('policyIdentifiers', readOids) ?? null,
      basicConstraints: read('basicConstraints', readBasicConstraints) ?? null,
      nameConstraints: read('nameConstraints', readNameConstraints) ?? null,
      signatureAlgorithm: read('signatureAlgorithm', readAlgorithm) ?? '',
    },
    notBefore: names.has('notbefore') ? read('notBefore', readTime) : undefined,
    notAfter: names.has('notafter') ? read('notAfter', readTime) : undefined,
  };
}

const refuse = (problem: string): never => {
  throw new ValueProblem(problem);
};

function parseJson(text: string): unknown {
  try {
    return parseFirstValue(text);
  } catch {
    return refuse('what the template renders is not JSON');
  }
}

type Read<Value> = (value: unknown) => Value;

/** `read` gives undefined for a member that is absent or null. */
function membersOf(value: unknown, what: string) {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) refuse(`${what} is not an object`);
  const members = new Map(Object.entries(value as object).map(([name, member]) => [name.toLowerCase(), member]));
  return {
    names: members,
    read<Value>(name: string, read: Read<Value>): Value | undefined {
      const member: unknown = members.get(name.toLowerCase());
      if (member === undefined || member === null) return undefined;
      try {
        return read(member);
      } catch (error) {
        throw error instanceof ValueProblem ? new ValueProblem(`${name}: ${error.message}`) : error;
      }
    },
  };
}

const readText = (value: unknown): string => (typeof value === 'string' ? value : refuse('not a text'));
const readFlag = (value: unknown): boolean => (typeof value === 'boolean' ? value : refuse('not true or false'));
const readInteger = (value: unknown): number =>
  typeof value === 'number' && Number.isSafeInteger(value) ? value : refuse('not a whole number');
const readList = <Item>(value: unknown, read: Read<Item>): Item[] =>
  Array.isArray(value) ? value.map(read) : refuse('not a list');

function readTexts(value: unknown): readonly string[] {
  return typeof value === 'string' ? [value] : readList(value, (item) => (item === null ? '' : readText(item)));
}

function readBase64(value: unknown): string {
  return decodeBase64(readText(value)).toString('base64');
}

function readOids(value: unknown): readonly string[] {
  const oids = readTexts(value);
  for (const oid of oids) encodeOid(oid);
  return oids;
}

function readAddresses(value: unknown): readonly string[] {
  const addresses = readTexts(value);
  const wrong = addresses.find((address) => !parseIp(address));
  return wrong === undefined ? addresses : refuse(`ip ${JSON.stringify(wrong)} is not valid`);
}

/** As far as Go's url.Parse refuses what a relative reference may hold. */
function readUris(value: unknown): readonly string[] {
  const uris = readTexts(value);
  const wrong = uris.find((uri) => /\p{Cc}|%(?![0-9A-Fa-f]{2})/u.test(uri));
  return wrong === undefined ? uris : refuse(`uri ${JSON.stringify(wrong)} is not valid`);
}

/** Names that Go knows; whether the issuing key can sign with it is seen later. */
const algorithms = new Set([
  ...[
    'md2-rsa',
    'md5-rsa',
    'sha1-rsa',
    'sha256-rsa',
    'sha384-rsa',
    'sha512-rsa',
    'dsa-sha1',
    'dsa-sha256',
    'ed25519',
    '',
  ],
  ...['ecdsa-sha1', 'ecdsa-sha256', 'ecdsa-sha384', 'ecdsa-sha512', 'sha256-rsapss', 'sha384-rsapss', 'sha512-rsapss'],
]);

function readAlgorithm(value: unknown): string {
  const name = readText(value);
  return algorithms.has(name.toLowerCase()) ? name : refuse(`unsupported signatureAlgorithm ${JSON.stringify(name)}`);
}

function readRanges(value: unknown): readonly string[] {
  const ranges = readTexts(value);
  for (const range of ranges) parseRange(range);
  return ranges;
}

function readSerial(value: unknown): bigint {
  if (typeof value === 'number') return BigInt(readInteger(value));
  const text = readText(value).replace(/^(-?)0(?=\d)/, '$10o');
  try {
    const [, sign = '', magnitude = '?'] = /^(-?)(\S+)$/.exec(text) ?? [];
    return sign === '-' ? -BigInt(magnitude) : BigInt(magnitude);
  } catch {
    return refuse('not a number');
  }
}

/** An object, or the common name alone. */
function readName(value: unknown): NameJson {
  if (typeof value === 'string') return value === '' ? {} : { commonName: value };
  const { read } = membersOf(value, 'name');
  const name = {
    country: read('country', readTexts),
    organization: read('organization', readTexts),
    organizationalUnit: read('organizationalUnit', readTexts),
    locality: read('locality', readTexts),
    province: read('province', readTexts),
    streetAddress: read('streetAddress', readTexts),
    postalCode: read('postalCode', readTexts),
    serialNumber: read('serialNumber', readText),
    commonName: read('commonName', readText),
    extraNames: read('extraNames', (list) => readList(list, readExtraName)),
  };
  return Object.fromEntries(Object.entries(name).filter(([, member]) => member !== undefined && member.length > 0));
}

/** For names that stand in other places than subject and issuer. @throws {ValueProblem} */
export const parseName = (value: unknown): NameJson => readName(value);

function readExtraName(value: unknown): { type: string; value: unknown } {
  const { read, names } = membersOf(value, 'extra name');
  const type = read('type', readText) ?? refuse('type: is missing');
  encodeOid(type);
  return { type, value: names.get('value') ?? null };
}

function readSan(value: unknown): SanJson {
  const { read, names } = membersOf(value ?? {}, 'name');
  const asn1Value: unknown = names.get('asn1value');
  return {
    type: read('type', readText) ?? '',
    value: read('value', readText) ?? '',
    ...(asn1Value === undefined || asn1Value === null ? {} : { asn1Value }),
  };
}

function readExtension(value: unknown): ExtensionJson {
  const { read } = membersOf(value ?? {}, 'extension');
  const id = read('id', readText) ?? '';
  if (id !== '') encodeOid(id);
  return { id, critical: read('critical', readFlag) ?? false, value: read('value', readBase64) ?? '' };
}

const fold = (name: string): string => name.toLowerCase().replaceAll('_', '');

function readKeyUsages(value: unknown): readonly KeyUsage[] {
  const given = readTexts(value).map((name) => {
    const wanted = fold(name) === 'nonrepudiation' ? 'contentcommitment' : fold(name);
    return keyUsages.find((usage) => fold(usage) === wanted) ?? refuse(`unsupported keyUsage ${JSON.stringify(name)}`);
  });
  return keyUsages.filter((usage) => given.includes(usage));
}

const readExtendedKeyUsage = (name: string): string =>
  findExtendedKeyUsage(fold(name))?.name ?? refuse(`unsupported extKeyUsage ${JSON.stringify(name)}`);

function readBasicConstraints(value: unknown): BasicConstraintsJson {
  const { read } = membersOf(value, 'basicConstraints');
  return { isCA: read('isCA', readFlag) ?? false, maxPathLen: read('maxPathLen', readInteger) ?? 0 };
}

function readNameConstraints(value: unknown): NameConstraintsJson {
  const { read } = membersOf(value, 'nameConstraints');
  const list = (name: string) => read(name, readTexts) ?? null;
  const ranges = (name: string) => read(name, readRanges) ?? null;
  return {
    critical: read('critical', readFlag) ?? false,
    permittedDNSDomains: list('permittedDNSDomains'),
    excludedDNSDomains: list('excludedDNSDomains'),
    permittedIPRanges: ranges('permittedIPRanges'),
    excludedIPRanges: ranges('excludedIPRanges'),
    permittedEmailAddresses: list('permittedEmailAddresses'),
    excludedEmailAddresses: list('excludedEmailAddresses'),
    permittedURIDomains: list('permittedURIDomains'),
    excludedURIDomains: list('excludedURIDomains'),
  };
}

function readTime(value: unknown): TimeOrDuration {
  const time = parseTimeOrDuration(readText(value));
  return time?.kind === 'time' ? time : refuse('not a time');
}
