/** Extensions of certificates (RFC 5280 4.2): the wrapper, and the values that are written and understood here. */
import {
  boolean,
  contextTag,
  DerReader,
  integer,
  namedBits,
  octetString,
  oid,
  sequence,
  Tag,
  tlv,
} from '../encoding/index.ts';
import { malformed } from './errors.ts';
import { oids } from './oids.ts';

export type Extension = {
  readonly oid: string;
  readonly critical: boolean;
  readonly value: Buffer;
  /** The whole extension as it stands in the certificate. */
  readonly der: Buffer;
};

/** Bit names of KeyUsage in their order (RFC 5280 4.2.1.3), spelled as step's templates do. */
export const keyUsages = [
  'digitalSignature',
  'contentCommitment',
  'keyEncipherment',
  'dataEncipherment',
  'keyAgreement',
  'certSign',
  'crlSign',
  'encipherOnly',
  'decipherOnly',
] as const;
export type KeyUsage = (typeof keyUsages)[number];

/** Encoded once: they are half of what a leaf is made of. */
const encodedOids: ReadonlyMap<string, Buffer> = new Map(Object.values(oids).map((dotted) => [dotted, oid(dotted)]));

/** The whole extension, to be put into a certificate. @throws {TypeError} when `type` is no object identifier */
export function encodeExtension(type: string, value: Uint8Array, critical = false): Buffer {
  const id = encodedOids.get(type) ?? oid(type);
  return critical ? sequence(id, boolean(true), octetString(value)) : sequence(id, octetString(value));
}

/** Extensions, each kind once (RFC 5280 4.2). */
export function readExtensions(reader: DerReader, what: string): Extension[] {
  const extensions: Extension[] = [];
  const seen = new Set<string>();
  while (!reader.atEnd) {
    const { bytes, content } = reader.read(Tag.sequence);
    const fields = new DerReader(content, what);
    const type = fields.readOid();
    const critical = readFlag(fields, what);
    const value = fields.read(Tag.octetString).content;
    fields.end();
    if (seen.has(type)) throw malformed(what, `extension ${type} appears twice`);
    seen.add(type);
    extensions.push({ oid: type, critical, value, der: bytes });
  }
  return extensions;
}

/** BOOLEAN DEFAULT FALSE. An explicit FALSE is not DER but stands in certificates of the wild; Go reads it too. */
function readFlag(reader: DerReader, what: string): boolean {
  const content = reader.readOptional(Tag.boolean)?.content;
  if (!content) return false;
  if (content.length !== 1 || (content[0] !== 0xff && content[0] !== 0))
    throw malformed(what, 'has a malformed boolean');
  return content[0] === 0xff;
}

export const encodeKeyUsage = (usages: readonly KeyUsage[]): Buffer =>
  encodeExtension(oids.keyUsage, namedBits(usages.map((usage) => keyUsages.indexOf(usage))), true);

export function decodeKeyUsage(value: Uint8Array, what: string): KeyUsage[] {
  const top = new DerReader(value, what);
  const [unused, ...bytes] = top.read(Tag.bitString).content;
  top.end();
  if (unused === undefined || unused > 7 || (bytes.length === 0 && unused !== 0))
    throw malformed(what, 'has a malformed key usage');
  return keyUsages.filter((_, bit) => ((bytes[bit >> 3] ?? 0) & (0x80 >> (bit & 7))) !== 0);
}

export const encodeExtendedKeyUsage = (usages: readonly string[]): Buffer =>
  encodeExtension(oids.extendedKeyUsage, sequence(...usages.map(oid)));

export function decodeExtendedKeyUsage(value: Uint8Array, what: string): string[] {
  const top = new DerReader(value, what);
  const list = top.enter(Tag.sequence);
  top.end();
  const usages: string[] = [];
  while (!list.atEnd) usages.push(list.readOid());
  return usages;
}

export type BasicConstraints = { readonly isCa: boolean; readonly pathLength?: number };

export function encodeBasicConstraints({ isCa, pathLength }: BasicConstraints): Buffer {
  const fields = [...(isCa ? [boolean(true)] : []), ...(pathLength === undefined ? [] : [integer(pathLength)])];
  return encodeExtension(oids.basicConstraints, sequence(...fields), true);
}

export function decodeBasicConstraints(value: Uint8Array, what: string): BasicConstraints {
  const top = new DerReader(value, what);
  const fields = top.enter(Tag.sequence);
  top.end();
  const isCa = readFlag(fields, what);
  const pathLength = fields.nextTag === Tag.integer ? fields.readInteger() : undefined;
  fields.end();
  if (pathLength !== undefined && (pathLength < 0n || pathLength > 255n)) {
    throw malformed(what, 'has a path length out of range');
  }
  return { isCa, ...(pathLength === undefined ? {} : { pathLength: Number(pathLength) }) };
}

export const encodeSubjectKeyId = (keyId: Uint8Array): Buffer =>
  encodeExtension(oids.subjectKeyIdentifier, octetString(keyId));

export function decodeSubjectKeyId(value: Uint8Array, what: string): Buffer {
  const top = new DerReader(value, what);
  const keyId = top.read(Tag.octetString).content;
  top.end();
  return keyId;
}

/** Key identifier only, no issuer and serial: what Go writes. */
export const encodeAuthorityKeyId = (keyId: Uint8Array): Buffer =>
  encodeExtension(oids.authorityKeyIdentifier, sequence(tlv(contextTag(0, false), keyId)));

/** The key identifier; undefined when only issuer and serial are given. */
export function decodeAuthorityKeyId(value: Uint8Array, what: string): Buffer | undefined {
  const top = new DerReader(value, what);
  const fields = top.enter(Tag.sequence);
  top.end();
  return fields.readOptional(contextTag(0, false))?.content;
}
