/**
 * Smallstep's provisioner extension: which provisioner let a certificate be issued. Not critical, last in a leaf.
 *
 *   SEQUENCE { type INTEGER, name OCTET STRING, credentialID OCTET STRING, keyValuePairs SEQUENCE OF string OPTIONAL }
 *
 * The renewal of a certificate looks its provisioner up by `name`.
 */
import { DerReader, integer, octetString, sequence, Tag, tlv } from '../encoding/index.ts';
import { isAppError } from '../errors/index.ts';
import type { Extension } from './extension.ts';
import { encodeExtension } from './extension.ts';
import { oids } from './oids.ts';

/** Numbers of the provisioner types, by position. */
export const provisionerTypes = [
  'none',
  'JWK',
  'OIDC',
  'GCP',
  'AWS',
  'Azure',
  'ACME',
  'X5C',
  'K8sSA',
  'SSHPOP',
  'SCEP',
  'Nebula',
] as const;
export type ProvisionerType = (typeof provisionerTypes)[number];

export type ProvisionerExtension = {
  readonly type: ProvisionerType;
  readonly name: string;
  /** For a JWK provisioner the key's kid. */
  readonly credentialId: string;
  /** Flat list k1, v1, k2, v2 …; rarely used. */
  readonly keyValuePairs?: readonly string[];
};

/** The whole extension. */
export function encodeProvisionerExtension(provisioner: ProvisionerExtension): Buffer {
  const pairs = provisioner.keyValuePairs ?? [];
  const value = sequence(
    integer(provisionerTypes.indexOf(provisioner.type)),
    octetString(Buffer.from(provisioner.name, 'utf8')),
    octetString(Buffer.from(provisioner.credentialId, 'utf8')),
    ...(pairs.length === 0 ? [] : [sequence(...pairs.map(goString))]),
  );
  return encodeExtension(oids.provisioner, value);
}

/** Go's encoding/asn1 chooses PrintableString when it can. */
function goString(text: string): Buffer {
  const tag = /^[A-Za-z0-9 '()+,\-./:=?]*$/.test(text) ? Tag.printableString : Tag.utf8String;
  return tlv(tag, Buffer.from(text, 'utf8'));
}

/** Undefined when there is none, or one that does not parse: step-ca treats both as "no extension". */
export function findProvisionerExtension(extensions: readonly Extension[]): ProvisionerExtension | undefined {
  const found = extensions.find(({ oid }) => oid === oids.provisioner);
  if (!found) return undefined;
  try {
    return parseProvisionerExtension(found.value);
  } catch (error) {
    if (isAppError(error)) return undefined;
    throw error;
  }
}

/** @throws {AppError} ERR_DER (malformed) */
export function parseProvisionerExtension(value: Uint8Array): ProvisionerExtension {
  const top = new DerReader(value, 'provisioner extension');
  const fields = top.enter(Tag.sequence);
  top.end();
  const type = provisionerTypes[Number(fields.readInteger())] ?? 'none';
  const name = fields.read(Tag.octetString).content.toString('utf8');
  const credentialId = fields.read(Tag.octetString).content.toString('utf8');
  const keyValuePairs: string[] = [];
  if (!fields.atEnd) {
    const list = fields.enter(Tag.sequence);
    while (!list.atEnd) keyValuePairs.push(list.read().content.toString('utf8'));
  }
  fields.end();
  return { type, name, credentialId, ...(keyValuePairs.length === 0 ? {} : { keyValuePairs }) };
}
