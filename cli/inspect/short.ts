/** `certificate inspect --short`: five lines, as step prints them. Pure. */
import type { NameAttribute } from '../../lib/x509/index.ts';
import { keySummary } from './algorithms.ts';
import { decodeExtension } from './extensions.ts';
import type { CertificateView, SubjectView } from './view.ts';

export function renderCertificateShort(view: CertificateView): string {
  const kind = view.isCa ? (view.selfSigned ? 'Root CA' : 'Intermediate CA') : 'TLS';
  return [
    `X.509v3 ${kind} Certificate (${keySummary(view.publicKey)}) [Serial: ${abbreviate(String(view.serial))}]`,
    ...nameLines(view),
    `  Issuer:      ${commonName(view.issuer)}`,
    ...provisionerLines(view),
    `  Valid from:  ${isoSeconds(view.notBefore)}`,
    `          to:  ${isoSeconds(view.notAfter)}`,
    '',
  ].join('\n');
}

export const renderRequestShort = (view: SubjectView): string =>
  [`X.509v3 Certificate Signing Request (${keySummary(view.publicKey)})`, ...nameLines(view), ''].join('\n');

/** RFC 3339 without fractions, as Go formats it. */
export const isoSeconds = (epochMs: number): string => new Date(epochMs).toISOString().replace(/\.\d+Z$/, 'Z');

const commonName = (name: readonly NameAttribute[]): string =>
  name.findLast(({ oid }) => oid === '2.5.4.3')?.value ?? '';

const abbreviate = (text: string): string => (text.length <= 8 ? text : `${text.slice(0, 4)}...${text.slice(-4)}`);

function nameLines({ subject, sans }: SubjectView): string[] {
  const name = commonName(subject);
  const others = [...sans.dns, ...sans.ip, ...sans.email, ...sans.uri].filter((san) => san !== name);
  const [first, ...rest] = name === '' ? others : [name, ...others];
  if (first === undefined) return ['  Subject: '];
  return [`  Subject:     ${first}`, ...rest.map((san) => `               ${san}`)];
}

function provisionerLines({ extensions }: CertificateView): string[] {
  for (const extension of extensions) {
    const content = decodeExtension(extension);
    if (content.kind !== 'step-provisioner') continue;
    const id = content.credentialId === '' ? '' : ` [ID: ${abbreviate(content.credentialId)}]`;
    return [`  Provisioner: ${content.name}${id}`];
  }
  return [];
}
