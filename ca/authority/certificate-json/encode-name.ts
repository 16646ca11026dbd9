/** A name of a template as DER: the fields in Go's order, then those that have no field of their own. */
import { boolean, DerReader, sequence, setOf, Tag, tlv } from '../../../lib/encoding/index.ts';
import { encodeName } from '../../../lib/x509/index.ts';
import type { NameJson } from './name.ts';
import { encodeOid, ValueProblem } from './typed-value.ts';

const emailAddress = '1.2.840.113549.1.9.1';
const fieldOf: Readonly<Record<string, keyof NameJson>> = {
  '2.5.4.6': 'country',
  '2.5.4.10': 'organization',
  '2.5.4.11': 'organizationalUnit',
  '2.5.4.7': 'locality',
  '2.5.4.8': 'province',
  '2.5.4.9': 'streetAddress',
  '2.5.4.17': 'postalCode',
  '2.5.4.3': 'commonName',
  '2.5.4.5': 'serialNumber',
};

/** @throws {ValueProblem}, {AppError} ERR_SUBJECT */
export function encodeSubject({ extraNames = [], ...fields }: NameJson): Buffer {
  const replaced = extraNames.map(({ type }) => fieldOf[type]);
  const kept = Object.fromEntries(
    Object.entries(fields).filter(([field]) => !replaced.includes(field as keyof NameJson)),
  );
  const plain = encodeName(kept);
  if (extraNames.length === 0) return plain;
  const { content } = new DerReader(plain, 'subject').read(Tag.sequence);
  return sequence(
    content,
    ...extraNames.map(({ type, value }) => setOf(sequence(encodeOid(type), encodeValue(type, value)))),
  );
}

function encodeValue(type: string, value: unknown): Buffer {
  if (typeof value === 'boolean') return boolean(value);
  if (typeof value !== 'string') throw new ValueProblem(`extra name ${type}: only texts can be written`);
  if (type === emailAddress) return tlv(Tag.ia5String, Buffer.from(value, 'utf8'));
  const printable = /^[A-Za-z0-9 '()+,\-./:=?]*$/.test(value);
  return tlv(printable ? Tag.printableString : Tag.utf8String, Buffer.from(value, 'utf8'));
}
