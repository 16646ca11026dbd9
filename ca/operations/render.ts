/** Certificates as operators read them: a table, one in full, JSON for programs. Pure. */
import { encodePem } from '../../lib/encoding/index.ts';
import type { EpochMs } from '../../lib/time/index.ts';
import { fingerprint, parseCertificate } from '../../lib/x509/index.ts';
import type { CertificateDetails, CertificateEntry, CertificateState } from './ports.ts';

export const stateOf = ({ notAfter, revoked }: CertificateEntry, now: EpochMs): CertificateState =>
  revoked ? 'revoked' : notAfter < now ? 'expired' : 'valid';

/** RFC 5280 5.3.1, as the clients of the CA write them. */
const reasons = [
  'unspecified',
  'keyCompromise',
  'cACompromise',
  'affiliationChanged',
  'superseded',
  'cessationOfOperation',
  'certificateHold',
  '',
  'removeFromCRL',
  'privilegeWithdrawn',
  'aACompromise',
];

const toText = (time: EpochMs): string => new Date(time).toISOString().replace(/\.\d+Z$/, 'Z');

/** What a terminal could take for more than text is shown escaped: control characters, changes of direction. */
const safe = (text: string): string =>
  text.replace(
    /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu,
    (each) => `\\u${(each.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`,
  );

const headings = ['NAMES', 'STATE', 'ENDS', 'PROVISIONER', 'SERIAL NUMBER'];
const maxShownNames = 3;

/** Aligned columns under a heading, with a line feed at the end. */
export function renderTable(entries: readonly CertificateEntry[], now: EpochMs): string {
  const rows = entries.map((entry) => [
    shownNames(entry),
    stateOf(entry, now),
    toText(entry.notAfter),
    safe(entry.provisioner?.name ?? '-'),
    entry.serial,
  ]);
  const lines = [headings, ...rows];
  const widths = headings.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));
  return lines
    .map(
      (line) =>
        `${line
          .map((cell, column) => cell.padEnd(widths[column] ?? 0))
          .join('  ')
          .trimEnd()}\n`,
    )
    .join('');
}

function shownNames({ names }: CertificateEntry): string {
  const shown = safe(names.slice(0, maxShownNames).join(' '));
  return names.length > maxShownNames ? `${shown} +${names.length - maxShownNames}` : shown;
}

/** Everything that is known of one, for people. */
export function renderDetails(details: CertificateDetails, now: EpochMs): string {
  const { serial, subject, names, notBefore, notAfter, provisioner, renews, revoked, der } = details;
  const certificate = parseCertificate(der);
  const lines: [string, string][] = [
    ['Subject', subject],
    ['Names', names.join(' ')],
    ['State', stateOf(details, now)],
    ['Valid', `${toText(notBefore)} to ${toText(notAfter)}`],
    ['Issuer', certificate.issuer.text],
    ['Provisioner', provisioner ? `${provisioner.name} (${provisioner.type})` : '-'],
    ['Key', certificate.publicKeyInfo.description],
    ['Serial number', `${serial} (0x${BigInt(serial).toString(16)})`],
    ['SHA-256', fingerprint(der)],
  ];
  if (renews !== undefined) lines.push(['Renews', renews]);
  if (revoked) {
    const reason = [reasons[revoked.reasonCode] || String(revoked.reasonCode), revoked.reason].filter((text) => text);
    lines.push(['Revoked', `${toText(revoked.at)} (${reason.join(': ')})`]);
  }
  return lines.map(([label, value]) => `${`${label}:`.padEnd(15)} ${safe(value)}\n`).join('');
}

/** For programs: times as texts, the serial number as a text because no JSON number holds it. */
export function toJson(entry: CertificateEntry, now: EpochMs): Readonly<Record<string, unknown>> {
  const { serial, subject, names, notBefore, notAfter, provisioner, renews, revoked } = entry;
  return {
    serialNumber: serial,
    subject,
    names,
    state: stateOf(entry, now),
    notBefore: toText(notBefore),
    notAfter: toText(notAfter),
    provisioner: provisioner ?? null,
    renews: renews ?? null,
    revoked: revoked ? { at: toText(revoked.at), reasonCode: revoked.reasonCode, reason: revoked.reason } : null,
  };
}

export const toPem = ({ der }: Pick<CertificateDetails, 'der'>): string => encodePem('CERTIFICATE', der);
