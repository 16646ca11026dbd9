/**
 * Certificates (RFC 5280 4.1): bytes to a record. Strict DER, bounded work, no judgement: whether a certificate may be
 * trusted is chain.ts.
 *
 *   SEQUENCE { tbs SEQUENCE { [0] version, serial, algorithm, issuer, validity, subject, key, [3] extensions },
 *              algorithm, signature BIT STRING }
 */
import { createHash, type KeyObject } from 'node:crypto';
import { contextTag, DerReader, decodeBitString, decodeTime, parseCertificatePem, Tag } from '../encoding/index.ts';
import type { EpochMs } from '../time/index.ts';
import { malformed } from './errors.ts';
import {
  decodeAuthorityKeyId,
  decodeBasicConstraints,
  decodeExtendedKeyUsage,
  decodeKeyUsage,
  decodeSubjectKeyId,
  type Extension,
  type KeyUsage,
  readExtensions,
} from './extension.ts';
import { commonNameOf, type DistinguishedName, decodeName } from './name.ts';
import { decodeNameConstraints, type NameConstraints } from './name-constraints.ts';
import { oids } from './oids.ts';
import { findProvisionerExtension, type ProvisionerExtension } from './provisioner-extension.ts';
import { importPublicKey, type PublicKeyInfo, parsePublicKeyInfo } from './public-key.ts';
import { findSignatureAlgorithm, type SignatureAlgorithm } from './signature.ts';
import { decodeGeneralNames, noSans, type SubjectAltNames } from './subject-alt-name.ts';

export type Certificate = {
  readonly der: Buffer;
  /** What is signed. */
  readonly tbsDer: Buffer;
  readonly serial: bigint;
  readonly issuerDer: Buffer;
  readonly subjectDer: Buffer;
  readonly issuer: DistinguishedName;
  readonly subject: DistinguishedName;
  /** Empty when the subject has none. */
  readonly commonName: string;
  readonly notBefore: EpochMs;
  /** Inclusive (RFC 5280 4.1.2.5). */
  readonly notAfter: EpochMs;
  /** SubjectPublicKeyInfo. */
  readonly publicKeyDer: Buffer;
  readonly publicKeyInfo: PublicKeyInfo;
  /** Imported at first use. @throws {AppError} ERR_PUBLIC_KEY (a point that is not on its curve) */
  readonly publicKey: KeyObject;
  readonly extensions: readonly Extension[];
  readonly sans: SubjectAltNames;
  readonly isCa: boolean;
  readonly pathLength: number | undefined;
  /** Undefined without the extension: any usage. */
  readonly keyUsage: readonly KeyUsage[] | undefined;
  /** Object identifiers; undefined without the extension: any usage. */
  readonly extendedKeyUsage: readonly string[] | undefined;
  readonly subjectKeyId: Buffer | undefined;
  readonly authorityKeyId: Buffer | undefined;
  readonly nameConstraints: NameConstraints | undefined;
  readonly provisioner: ProvisionerExtension | undefined;
  /** Undefined for an algorithm that is not used here. */
  readonly signatureAlgorithm: SignatureAlgorithm | undefined;
  readonly signature: Buffer;
};

const what = 'certificate';
/** RFC 5280 4.1.2.2 asks for 20 octets at most; some are longer, none is much longer. */
const maxSerial = 2n ** 320n;

/** @throws {AppError} ERR_DER, ERR_CERTIFICATE, ERR_PUBLIC_KEY (all invalid) */
export function parseCertificate(bytes: Uint8Array): Certificate {
  const der = Buffer.from(bytes); // the caller may reuse its buffer
  const top = new DerReader(der, what);
  const outer = top.enter(Tag.sequence);
  top.end();
  const tbsValue = outer.read(Tag.sequence);
  const outerAlgorithm = outer.read(Tag.sequence).bytes;
  const signature = decodeBitString(outer.read(Tag.bitString), what);
  outer.end();

  const tbs = new DerReader(tbsValue.content, what);
  const version = readVersion(tbs);
  const serial = tbs.readInteger();
  if (serial < 0n || serial >= maxSerial) throw malformed(what, 'has a serial number out of range');
  if (!tbs.read(Tag.sequence).bytes.equals(outerAlgorithm)) throw malformed(what, 'names two signature algorithms');
  const issuerDer = tbs.read(Tag.sequence).bytes;
  const validity = tbs.enter(Tag.sequence);
  const notBefore = decodeTime(validity.read(), what);
  const notAfter = decodeTime(validity.read(), what);
  validity.end();
  const subjectDer = tbs.read(Tag.sequence).bytes;
  const publicKeyDer = tbs.read(Tag.sequence).bytes;
  tbs.readOptional(contextTag(1, false)); // issuer and subject unique identifiers, of no use to anybody
  tbs.readOptional(contextTag(2, false));
  const extensions = tbs.atEnd ? [] : readExtensionField(tbs);
  tbs.end();
  if (extensions.length > 0 && version !== 2n) throw malformed(what, 'has extensions but is not of version 3');

  const subject = decodeName(subjectDer, what);
  let publicKey: KeyObject | undefined;
  return {
    der,
    tbsDer: tbsValue.bytes,
    serial,
    issuerDer,
    subjectDer,
    issuer: decodeName(issuerDer, what),
    subject,
    commonName: commonNameOf(subject),
    notBefore,
    notAfter,
    publicKeyDer,
    publicKeyInfo: parsePublicKeyInfo(publicKeyDer),
    get publicKey() {
      publicKey ??= importPublicKey(publicKeyDer);
      return publicKey;
    },
    extensions,
    ...readKnownExtensions(extensions),
    signatureAlgorithm: findSignatureAlgorithm(outerAlgorithm),
    signature,
  };
}

function readVersion(tbs: DerReader): bigint {
  if (tbs.nextTag !== contextTag(0, true)) return 0n;
  const field = tbs.enter(contextTag(0, true));
  const version = field.readInteger();
  field.end();
  if (version !== 2n && version !== 1n) throw malformed(what, 'is of unknown version');
  return version;
}

function readExtensionField(tbs: DerReader): Extension[] {
  const field = tbs.enter(contextTag(3, true));
  const list = field.enter(Tag.sequence);
  field.end();
  return readExtensions(list, what);
}

function readKnownExtensions(extensions: readonly Extension[]) {
  const read = <T>(oid: string, decode: (value: Buffer, what: string) => T): T | undefined => {
    const found = extensions.find((extension) => extension.oid === oid);
    return found ? decode(found.value, what) : undefined;
  };
  const constraints = read(oids.basicConstraints, decodeBasicConstraints);
  return {
    sans: read(oids.subjectAltName, decodeGeneralNames) ?? noSans,
    isCa: constraints?.isCa ?? false,
    pathLength: constraints?.pathLength,
    keyUsage: read(oids.keyUsage, decodeKeyUsage),
    extendedKeyUsage: read(oids.extendedKeyUsage, decodeExtendedKeyUsage),
    subjectKeyId: read(oids.subjectKeyIdentifier, decodeSubjectKeyId),
    authorityKeyId: read(oids.authorityKeyIdentifier, decodeAuthorityKeyId),
    nameConstraints: read(oids.nameConstraints, decodeNameConstraints),
    provisioner: findProvisionerExtension(extensions),
  };
}

/** Every certificate of a PEM text, in order. @throws {AppError} ERR_PEM (none, or malformed), and as parseCertificate */
export const parseCertificateChainPem = (pem: string): Certificate[] => parseCertificatePem(pem).map(parseCertificate);

/** Lower-case hex of the SHA-256 of a certificate's DER, by which a root is pinned. */
export const fingerprint = (der: Uint8Array): string => createHash('sha256').update(der).digest('hex');

/** Serial number as step prints and stores it. */
export const serialDecimal = (certificate: Pick<Certificate, 'serial'>): string => certificate.serial.toString(10);

/** Serial number in lower-case hex, whole bytes, as openssl prints it apart from the case. */
export function serialHex(certificate: Pick<Certificate, 'serial'>): string {
  const hex = certificate.serial.toString(16);
  return hex.length % 2 === 0 ? hex : `0${hex}`;
}
