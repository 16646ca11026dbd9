/**
 * Distinguished names (RFC 5280 4.1.2.4). Written as Go's crypto/x509 does, whose order step-ca's certificates have:
 * C, ST, L, STREET, postalCode, O, OU, CN, serialNumber; several values of one attribute share one RDN;
 * PrintableString when the text allows it, else UTF8String.
 */
import { DerReader, oid, sequence, setOf, Tag, tlv } from '../encoding/index.ts';
import { malformed, subjectNotEncodable } from './errors.ts';

/** Subject fields as step's templates and `authority.template` name them. */
export type SubjectFields = {
  readonly country?: string | readonly string[];
  readonly organization?: string | readonly string[];
  readonly organizationalUnit?: string | readonly string[];
  readonly locality?: string | readonly string[];
  readonly province?: string | readonly string[];
  readonly streetAddress?: string | readonly string[];
  readonly postalCode?: string | readonly string[];
  readonly commonName?: string;
  readonly serialNumber?: string;
};

/** One attribute of a name; `value` is text, or `#hex` of the DER when the value is no text. */
export type NameAttribute = { readonly oid: string; readonly value: string };

export type DistinguishedName = {
  /** In the order of the certificate. */
  readonly rdns: readonly (readonly NameAttribute[])[];
  /** RFC 4514: last RDN first, `CN=web,O=Example`. */
  readonly text: string;
};

const fields = [
  ['country', '2.5.4.6', 'C'],
  ['province', '2.5.4.8', 'ST'],
  ['locality', '2.5.4.7', 'L'],
  ['streetAddress', '2.5.4.9', 'STREET'],
  ['postalCode', '2.5.4.17', 'POSTALCODE'],
  ['organization', '2.5.4.10', 'O'],
  ['organizationalUnit', '2.5.4.11', 'OU'],
  ['commonName', '2.5.4.3', 'CN'],
  ['serialNumber', '2.5.4.5', 'SERIALNUMBER'],
] as const;

const shortNames: ReadonlyMap<string, string> = new Map(fields.map(([, oid, short]) => [oid, short]));

/** DER of the name; empty fields are left out, no field at all gives the empty sequence. */
export function encodeName(subject: SubjectFields): Buffer {
  const rdns: Buffer[] = [];
  for (const [field, type] of fields) {
    const given = subject[field] ?? [];
    const values = (typeof given === 'string' ? [given] : given).filter((value) => value !== '');
    if (values.length === 0) continue;
    rdns.push(setOf(...values.map((value) => sequence(oid(type), directoryString(value, field)))));
  }
  return sequence(...rdns);
}

/** X.680 PrintableString without the * and & that Go leaves out too. */
const printable = /^[A-Za-z0-9 '()+,\-./:=?]*$/;

function directoryString(value: string, field: string): Buffer {
  if (printable.test(value)) return tlv(Tag.printableString, Buffer.from(value, 'latin1'));
  if (!value.isWellFormed()) throw subjectNotEncodable(field);
  return tlv(Tag.utf8String, Buffer.from(value, 'utf8'));
}

/** @throws {AppError} ERR_DER, ERR_CERTIFICATE, ERR_CSR (malformed) */
export function decodeName(der: Uint8Array, what: string): DistinguishedName {
  const rdns: NameAttribute[][] = [];
  const reader = new DerReader(der, what).enter(Tag.sequence);
  while (!reader.atEnd) {
    const set = reader.enter(Tag.set);
    const attributes: NameAttribute[] = [];
    while (!set.atEnd) {
      const attribute = set.enter(Tag.sequence);
      const type = attribute.readOid();
      const value = attribute.read();
      attribute.end();
      attributes.push({
        oid: type,
        value: decodeText(value.tag, value.content, what) ?? `#${value.bytes.toString('hex')}`,
      });
    }
    if (attributes.length === 0) throw malformed(what, 'a name has an empty part');
    rdns.push(attributes);
  }
  let text: string | undefined;
  return {
    rdns,
    get text() {
      text ??= formatName(rdns);
      return text;
    },
  };
}

/** Text of the common name, the last one when there are several (as Go takes it); empty without one. */
export function commonNameOf(name: DistinguishedName): string {
  let found = '';
  for (const rdn of name.rdns) for (const { oid, value } of rdn) if (oid === '2.5.4.3') found = value;
  return found;
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const utf16 = new TextDecoder('utf-16be', { fatal: true, ignoreBOM: true });

/** Text of a string type; undefined for what is no string. */
function decodeText(tag: number, content: Buffer, what: string): string | undefined {
  const bad = (): never => {
    throw malformed(what, 'a name has text that its string type does not allow');
  };
  switch (tag) {
    case Tag.utf8String:
      return decodeWith(utf8, content) ?? bad();
    case Tag.printableString: {
      const text = content.toString('latin1');
      return /^[A-Za-z0-9 '()+,\-./:=?*&]*$/.test(text) ? text : bad();
    }
    case Tag.ia5String:
      return content.every((byte) => byte < 0x80) ? content.toString('latin1') : bad();
    case 0x12: // NumericString
      return /^[0-9 ]*$/.test(content.toString('latin1')) ? content.toString('latin1') : bad();
    case Tag.t61String:
      return content.toString('latin1');
    case 0x1e: // BMPString
      return decodeWith(utf16, content) ?? bad();
    default:
      return undefined;
  }
}

function decodeWith(decoder: typeof utf8, content: Buffer): string | undefined {
  try {
    return decoder.decode(content);
  } catch {
    return undefined; // the caller words it
  }
}

function formatName(rdns: readonly (readonly NameAttribute[])[]): string {
  return rdns
    .toReversed()
    .map((rdn) => rdn.map(({ oid, value }) => `${shortNames.get(oid) ?? oid}=${escapeValue(value)}`).join('+'))
    .join(',');
}

/** RFC 4514 2.4; control characters too, since the text goes to logs and terminals. */
function escapeValue(value: string): string {
  return value
    .replace(/[,+"\\<>;]|^[ #]| $/g, '\\$&')
    .replace(/\p{Cc}/gu, (char) =>
      Array.from(Buffer.from(char, 'utf8'), (byte) => `\\${byte.toString(16).padStart(2, '0')}`).join(''),
    );
}
