/**
 * `certificate inspect`: text in the form of openssl as step prints it, line for line, so that eyes and greps find
 * what they look for. Pure.
 */
import type { NameAttribute } from '../../lib/x509/index.ts';
import { curveName, keyBits, keyNumbers, withoutLeadingZeros } from './algorithms.ts';
import { decodeExtension, type ExtensionContent } from './extensions.ts';
import type { CertificateView, ExtensionView, SubjectView } from './view.ts';

export function renderCertificateText(view: CertificateView): string {
  return lines(
    'Certificate:',
    '    Data:',
    `        Version: ${view.version} (0x${(view.version - 1).toString(16)})`,
    `        Serial Number: ${view.serial} (0x${evenHex(view.serial)})`,
    `        Signature Algorithm: ${view.signatureAlgorithm.name}`,
    `        Issuer: ${renderName(view.issuer)}`,
    '        Validity',
    `            Not Before: ${renderTime(view.notBefore)}`,
    `            Not After : ${renderTime(view.notAfter)}`,
    ...subjectLines(view),
    ...extensionLines('X509v3 extensions:', view),
    ...signatureLines(view),
  );
}

export function renderRequestText(view: SubjectView): string {
  return lines(
    'Certificate Request:',
    '    Data:',
    `        Version: ${view.version} (0x${view.version.toString(16)})`,
    ...subjectLines(view),
    ...extensionLines('Requested Extensions:', view),
    ...signatureLines(view),
  );
}

const lines = (...all: readonly string[]): string => all.map((line) => `${line}\n`).join('');

function evenHex(value: bigint): string {
  const hex = value.toString(16);
  return hex.length % 2 === 0 ? hex : `0${hex}`;
}

const attributeNames: Readonly<Record<string, string>> = {
  '2.5.4.3': 'CN',
  '2.5.4.5': 'SERIALNUMBER',
  '2.5.4.6': 'C',
  '2.5.4.7': 'L',
  '2.5.4.8': 'ST',
  '2.5.4.9': 'STREET',
  '2.5.4.10': 'O',
  '2.5.4.11': 'OU',
  '2.5.4.17': 'POSTALCODE',
  '1.2.840.113549.1.9.1': 'emailAddress',
  '0.9.2342.19200300.100.1.25': 'DC',
  '0.9.2342.19200300.100.1.1': 'UID',
};

/** `O=Example,CN=web`; JSON output joins with ", " */
export const renderName = (name: readonly NameAttribute[], separator = ','): string =>
  name.map(({ oid, value }) => `${attributeNames[oid] ?? oid}=${value}`).join(separator);

/** Go layout `Jan 2 15:04:05 2006 MST` */
function renderTime(epochMs: number): string {
  const [, , month, year, time] = /^\w+, (\d+) (\w+) (\d+) ([\d:]+)/.exec(new Date(epochMs).toUTCString()) ?? [];
  return `${month} ${new Date(epochMs).getUTCDate()} ${time} ${year} UTC`;
}

function subjectLines(view: SubjectView): string[] {
  const name = renderName(view.subject);
  return [
    `        Subject:${name === '' ? '' : ` ${name}`}`,
    '        Subject Public Key Info:',
    `            Public Key Algorithm: ${view.keyAlgorithm}`,
    ...keyLines(view),
  ];
}

function keyLines({ publicKey, publicKeyDer }: SubjectView): string[] {
  const numbers = keyNumbers(publicKey, publicKeyDer);
  const heading = (bits: number): string => `                Public-Key: (${bits} bit)`;
  switch (numbers.type) {
    case 'ec':
      return [
        heading(keyBits(publicKey)),
        '                X:',
        ...hexLines(withoutLeadingZeros(numbers.x), 15, 20),
        '                Y:',
        ...hexLines(withoutLeadingZeros(numbers.y), 15, 20),
        `                Curve: ${curveName(publicKey)}`,
      ];
    case 'rsa':
      return [
        heading(keyBits(publicKey)),
        '                Modulus:',
        ...hexLines(numbers.modulus, 15, 20),
        `                Exponent: ${numbers.exponent} (0x${numbers.exponent.toString(16)})`,
      ];
    case 'other':
      return [heading(numbers.bytes.length), ...hexLines(numbers.bytes, 15, 20)]; // step counts bytes here
  }
}

/** Lower-case hex with colons, `perLine` bytes a line; every line but the last ends in a colon. */
function hexLines(bytes: Buffer, perLine: number, indent: number): string[] {
  const pairs = bytes.toString('hex').match(/../g) ?? [];
  const rows: string[] = [];
  for (let start = 0; start < pairs.length; start += perLine) {
    const colon = start + perLine < pairs.length ? ':' : '';
    rows.push(' '.repeat(indent) + pairs.slice(start, start + perLine).join(':') + colon);
  }
  return rows;
}

const signatureLines = ({ signatureAlgorithm, signature }: SubjectView): string[] => [
  `    Signature Algorithm: ${signatureAlgorithm.name}`,
  ...hexLines(signature, 18, 9),
];

function extensionLines(title: string, view: SubjectView): string[] {
  if (view.extensions.length === 0) return [];
  return [`        ${title}`, ...view.extensions.flatMap((extension) => renderExtension(extension, view))];
}

function renderExtension(extension: ExtensionView, view: SubjectView): string[] {
  const content = decodeExtension(extension);
  const title = extensionTitles[content.kind] ?? extension.oid;
  return [
    `            ${title}:${extension.critical ? ' critical' : ''}`,
    ...contentLines(content, extension, view).map((line) => `                ${line}`),
  ];
}

const extensionTitles: Readonly<Partial<Record<ExtensionContent['kind'], string>>> = {
  'subject-key-id': 'X509v3 Subject Key Identifier',
  'authority-key-id': 'X509v3 Authority Key Identifier',
  'key-usage': 'X509v3 Key Usage',
  'subject-alt-name': 'X509v3 Subject Alternative Name',
  'basic-constraints': 'X509v3 Basic Constraints',
  'name-constraints': 'X509v3 Name Constraints',
  'crl-distribution-points': 'X509v3 CRL Distribution Points',
  'certificate-policies': 'X509v3 Certificate Policies',
  'extended-key-usage': 'X509v3 Extended Key Usage',
  'authority-info-access': 'Authority Information Access',
  'step-provisioner': 'X509v3 Step Provisioner',
};

function contentLines(content: ExtensionContent, { value }: ExtensionView, { sans }: SubjectView): string[] {
  switch (content.kind) {
    case 'subject-key-id':
    case 'authority-key-id':
      return [(content.id.toString('hex').toUpperCase().match(/../g) ?? []).join(':')];
    case 'key-usage':
      return [content.bits.map((bit) => keyUsages[bit] ?? `bit ${bit}`).join(', ') || 'None'];
    case 'extended-key-usage':
      return [content.oids.map((oid) => extendedKeyUsages[oid] ?? oid).join(', ')];
    case 'subject-alt-name':
      return [
        ...labelled('DNS', sans.dns),
        ...labelled('email', sans.email),
        ...labelled('IP Address', sans.ip),
        ...labelled('URI', sans.uri),
        ...content.otherNames.map((name) => `OtherName: Type: ${name.oid}, Value: 0x${name.value.toString('hex')}`),
      ];
    case 'basic-constraints':
      return [
        `CA:${content.isCa ? 'TRUE' : 'FALSE'}${content.pathLength === undefined ? '' : `, pathlen:${content.pathLength}`}`,
      ];
    case 'name-constraints':
      return [...subtreeLines('Permitted:', content.permitted), ...subtreeLines('Excluded:', content.excluded)];
    case 'crl-distribution-points':
      return ['Full Name:', `  ${content.urls.map((url) => `URI:${url}`).join(', ')}`];
    case 'certificate-policies':
      return content.oids.map((oid) => `Policy: ${oid}`);
    case 'authority-info-access':
      return [...accessLine('OCSP', content.ocsp), ...accessLine('CA Issuers', content.issuers)];
    case 'step-provisioner':
      return [
        `Type: ${content.type}`,
        `Name: ${content.name}`,
        ...(content.credentialId === '' ? [] : [`CredentialID: ${content.credentialId}`]),
        ...pairLines(content.pairs),
      ];
    case 'unknown':
      return [printable(value)];
  }
}

/** Bits of KeyUsage (RFC 5280 4.2.1.3), in Go's words. */
const keyUsages: readonly string[] = [
  'Digital Signature',
  'Content Commitment',
  'Key Encipherment',
  'Data Encipherment',
  'Key Agreement',
  'Certificate Sign',
  'CRL Sign',
  'Encipher Only',
  'Decipher Only',
];

const extendedKeyUsages: Readonly<Record<string, string>> = {
  '2.5.29.37.0': 'Any Usage',
  '1.3.6.1.5.5.7.3.1': 'Server Authentication',
  '1.3.6.1.5.5.7.3.2': 'Client Authentication',
  '1.3.6.1.5.5.7.3.3': 'Code Signing',
  '1.3.6.1.5.5.7.3.4': 'E-mail Protection',
  '1.3.6.1.5.5.7.3.5': 'IPSec End System',
  '1.3.6.1.5.5.7.3.6': 'IPSec Tunnel',
  '1.3.6.1.5.5.7.3.7': 'IPSec User',
  '1.3.6.1.5.5.7.3.8': 'Time Stamping',
  '1.3.6.1.5.5.7.3.9': 'OCSP Signing',
};

const labelled = (label: string, values: readonly string[]): string[] =>
  values.length === 0 ? [] : [values.map((value) => `${label}:${value}`).join(', ')];

/** `DNS: a, b` for each kind of subtree, two columns further in. */
function subtreeLines(title: string, subtrees: readonly string[]): string[] {
  if (subtrees.length === 0) return [];
  const kinds = [
    ['DNS', 'DNS'],
    ['Email', 'Email'],
    ['URI', 'URI'],
    ['IP', 'IP Range'],
  ] as const;
  const rows = kinds.flatMap(([kind, label]) => {
    const values = subtrees.filter((text) => text.startsWith(`${kind}:`)).map((text) => text.slice(kind.length + 1));
    return values.length === 0 ? [] : [`  ${label}: ${values.join(', ')}`];
  });
  return [title, ...rows];
}

const accessLine = (label: string, urls: readonly string[]): string[] =>
  urls.length === 0 ? [] : [`${label} - ${urls.map((url) => `URI:${url}`).join(',')}`];

function pairLines(pairs: readonly string[]): string[] {
  const rows: string[] = [];
  for (let index = 0; index < pairs.length; index += 2) rows.push(`${pairs[index]}: ${pairs[index + 1] ?? '-'}`);
  return rows;
}

/** Bytes as text, a dot for whatever cannot be printed. */
const printable = (value: Buffer): string =>
  value.toString('utf8').replace(/\ufffd|[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/gu, '.');
