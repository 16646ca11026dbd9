/**
 * Extensions of a certificate that a template describes, in the order in which Go's crypto/x509 writes them; one that
 * the template gives as bytes goes in place of the one that would be made from its members.
 */
import { contextTag, sequence, tlv } from '../../../lib/encoding/index.ts';
import {
  encodeAuthorityKeyId,
  encodeBasicConstraints,
  encodeExtendedKeyUsage,
  encodeExtension,
  encodeKeyUsage,
  encodeProvisionerExtension,
  encodeSubjectKeyId,
  oids,
  type ProvisionerExtension,
  subjectKeyId,
} from '../../../lib/x509/index.ts';
import type { CertificateJson, NameConstraintsJson } from './certificate.ts';
import { findExtendedKeyUsage } from './extended-key-usage.ts';
import { encodeNames, hasOtherNames } from './general-names.ts';
import { decodeBase64, encodeOid, parseRange, ValueProblem } from './typed-value.ts';

export type EncodedExtension = { readonly oid: string; readonly der: Buffer; readonly value?: Buffer };

export type ExtensionContext = {
  readonly publicKeyDer: Uint8Array;
  readonly authorityKeyId: Uint8Array | undefined;
  /** Whether the subject is empty: the names are critical then. */
  readonly subjectIsEmpty: boolean;
  readonly provisioner: ProvisionerExtension | undefined;
};

/** @throws {ValueProblem}, {AppError} ERR_SAN */
export function encodeExtensions(certificate: CertificateJson, context: ExtensionContext): EncodedExtension[] {
  const { publicKeyDer, authorityKeyId, subjectIsEmpty, provisioner } = context;
  const given = (certificate.extensions ?? []).filter(({ id }) => id !== '').map(encodeGiven);
  const made: (EncodedExtension | undefined)[] = [
    encodeUsages(certificate),
    encodeExtendedUsages(certificate),
    encodeConstraints(certificate),
    {
      oid: oids.subjectKeyIdentifier,
      der: encodeSubjectKeyId(
        certificate.subjectKeyId === null
          ? subjectKeyId(publicKeyDer)
          : Buffer.from(certificate.subjectKeyId, 'base64'),
      ),
    },
    authorityKeyId && { oid: oids.authorityKeyIdentifier, der: encodeAuthorityKeyId(authorityKeyId) },
    encodeAuthorityInfo(certificate),
    encodeAlternativeNames(certificate, subjectIsEmpty),
    encodePolicies(certificate),
    encodeNameConstraints(certificate.nameConstraints),
    encodeDistributionPoints(certificate),
  ];
  const extensions = [
    ...made.filter((extension) => extension !== undefined && !given.some(({ oid }) => oid === extension.oid)),
    ...given,
  ].filter((extension) => extension !== undefined);
  return provisioner ? withProvisioner(extensions, provisioner) : extensions;
}

/** Ours goes in place of one in the template: nobody writes it but the CA. */
function withProvisioner(extensions: EncodedExtension[], provisioner: ProvisionerExtension): EncodedExtension[] {
  const own = { oid: oids.provisioner, der: encodeProvisionerExtension(provisioner) };
  const at = extensions.findIndex(({ oid }) => oid === oids.provisioner);
  return at < 0 ? [...extensions, own] : extensions.with(at, own);
}

function wrap(oid: string, value: Buffer, critical = false): EncodedExtension {
  return { oid, value, der: encodeExtension(oid, value, critical) };
}

function encodeGiven({ id, critical, value }: { id: string; critical: boolean; value: string }): EncodedExtension {
  encodeOid(id);
  return wrap(id, decodeBase64(value), critical);
}

function encodeUsages({ keyUsage }: CertificateJson): EncodedExtension | undefined {
  if (!keyUsage || keyUsage.length === 0) return undefined;
  return { oid: oids.keyUsage, der: encodeKeyUsage(keyUsage) };
}

function encodeExtendedUsages({ extKeyUsage, unknownExtKeyUsage }: CertificateJson): EncodedExtension | undefined {
  const known = extKeyUsage.flatMap((name) => findExtendedKeyUsage(name.toLowerCase())?.oid ?? []);
  const all = [...known, ...(unknownExtKeyUsage ?? [])];
  return all.length === 0 ? undefined : { oid: oids.extendedKeyUsage, der: encodeExtendedKeyUsage(all) };
}

function encodeConstraints({ basicConstraints }: CertificateJson): EncodedExtension | undefined {
  if (!basicConstraints) return undefined;
  const { isCA, maxPathLen } = basicConstraints;
  const limit = isCA && maxPathLen >= 0 ? { pathLength: maxPathLen } : {};
  return { oid: oids.basicConstraints, der: encodeBasicConstraints({ isCa: isCA, ...limit }) };
}

const uri = (text: string): Buffer => tlv(contextTag(6, false), ascii(text));

function ascii(text: string): Buffer {
  if (!/^\p{ASCII}*$/u.test(text)) throw new ValueProblem(`${JSON.stringify(text)} is not ASCII`);
  return Buffer.from(text, 'latin1');
}

function encodeAuthorityInfo({ ocspServer, issuingCertificateURL }: CertificateJson): EncodedExtension | undefined {
  const entries = [
    ...(ocspServer ?? []).map((url) => sequence(encodeOid('1.3.6.1.5.5.7.48.1'), uri(url))),
    ...(issuingCertificateURL ?? []).map((url) => sequence(encodeOid('1.3.6.1.5.5.7.48.2'), uri(url))),
  ];
  return entries.length === 0 ? undefined : wrap(oids.authorityInfoAccess, sequence(...entries));
}

function encodeAlternativeNames(certificate: CertificateJson, critical: boolean): EncodedExtension | undefined {
  const value = encodeNames(certificate);
  // step judges by the subject of the template then, before it is completed
  const empty = hasOtherNames(certificate) ? Object.keys(certificate.subject).length === 0 : critical;
  return value && wrap(oids.subjectAltName, value, empty);
}

function encodePolicies({ policyIdentifiers }: CertificateJson): EncodedExtension | undefined {
  const policies = (policyIdentifiers ?? []).map((policy) => sequence(encodeOid(policy)));
  return policies.length === 0 ? undefined : wrap(oids.certificatePolicies, sequence(...policies));
}

function encodeDistributionPoints({ crlDistributionPoints }: CertificateJson): EncodedExtension | undefined {
  const points = (crlDistributionPoints ?? []).map((url) =>
    sequence(tlv(contextTag(0, true), tlv(contextTag(0, true), uri(url)))),
  );
  return points.length === 0 ? undefined : wrap(oids.crlDistributionPoints, sequence(...points));
}

function encodeNameConstraints(constraints: NameConstraintsJson | null): EncodedExtension | undefined {
  if (!constraints) return undefined;
  const permitted = encodeSubtrees(
    constraints.permittedDNSDomains,
    constraints.permittedIPRanges,
    constraints.permittedEmailAddresses,
    constraints.permittedURIDomains,
  );
  const excluded = encodeSubtrees(
    constraints.excludedDNSDomains,
    constraints.excludedIPRanges,
    constraints.excludedEmailAddresses,
    constraints.excludedURIDomains,
  );
  if (permitted.length === 0 && excluded.length === 0) return undefined;
  const value = sequence(
    ...(permitted.length === 0 ? [] : [tlv(contextTag(0, true), ...permitted)]),
    ...(excluded.length === 0 ? [] : [tlv(contextTag(1, true), ...excluded)]),
  );
  return wrap(oids.nameConstraints, value, constraints.critical);
}

type Texts = readonly string[] | null;

function encodeSubtrees(dns: Texts, ranges: Texts, emails: Texts, uris: Texts): Buffer[] {
  const subtree = (tag: number, content: Uint8Array): Buffer => sequence(tlv(contextTag(tag, false), content));
  return [
    ...(dns ?? []).map((name) => subtree(2, ascii(name))),
    ...(ranges ?? []).map((range) => subtree(7, encodeRange(range))),
    ...(emails ?? []).map((name) => subtree(1, ascii(name))),
    ...(uris ?? []).map((name) => subtree(6, ascii(name))),
  ];
}

/** Address and mask, the address without the bits that the mask leaves out. */
function encodeRange(range: string): Buffer {
  const { octets, bits } = parseRange(range);
  const mask = Buffer.from(octets.map((_octet, index) => 0xff00 >> Math.min(8, Math.max(0, bits - index * 8))));
  return Buffer.concat([octets.map((octet, index) => octet & (mask[index] ?? 0)), mask]);
}
