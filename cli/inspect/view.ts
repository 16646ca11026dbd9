/**
 * What a certificate or a request says, decoded for showing: the common ground of text, short and JSON output.
 * A view verifies nothing.
 */
import type { KeyObject } from 'node:crypto';
import { DerReader, Tag } from '../../lib/encoding/index.ts';
import type {
  Certificate,
  CertificateRequest,
  DistinguishedName,
  NameAttribute,
  SubjectAltNames,
} from '../../lib/x509/index.ts';
import { algorithmName, keyAlgorithmName } from './algorithms.ts';

export type Algorithm = { readonly name: string; readonly oid: string };

export type ExtensionView = { readonly oid: string; readonly critical: boolean; readonly value: Buffer };

/** What certificate and request have in common. */
export type SubjectView = {
  readonly version: number;
  readonly subject: readonly NameAttribute[];
  readonly keyAlgorithm: string;
  readonly publicKey: KeyObject;
  readonly publicKeyDer: Buffer;
  readonly sans: SubjectAltNames;
  readonly extensions: readonly ExtensionView[];
  readonly signatureAlgorithm: Algorithm;
  readonly signature: Buffer;
  readonly der: Buffer;
  readonly tbsDer: Buffer;
  readonly subjectDer: Buffer;
};

export type CertificateView = SubjectView & {
  readonly serial: bigint;
  readonly issuer: readonly NameAttribute[];
  readonly notBefore: number;
  readonly notAfter: number;
  readonly isCa: boolean;
  /** The certificate verifies with its own key. */
  readonly selfSigned: boolean;
};

/** @throws {AppError} ERR_DER (invalid) */
export function viewCertificate(certificate: Certificate, selfSigned: boolean): CertificateView {
  const tbs = new DerReader(certificate.tbsDer, 'certificate').enter(Tag.sequence);
  const version = tbs.readOptional(0xa0);
  tbs.readInteger();
  return {
    version: version ? Number(new DerReader(version.content, 'certificate').readInteger()) + 1 : 1,
    serial: certificate.serial,
    signatureAlgorithm: readAlgorithm(tbs.read(Tag.sequence).bytes),
    issuer: certificate.issuer.rdns.flat(),
    notBefore: certificate.notBefore,
    notAfter: certificate.notAfter,
    isCa: certificate.isCa,
    selfSigned,
    ...common(certificate),
    der: certificate.der,
  };
}

/** @throws {AppError} ERR_DER (invalid) */
export function viewRequest(request: CertificateRequest): SubjectView {
  const outer = new DerReader(request.der, 'certificate request').enter(Tag.sequence);
  outer.read();
  return {
    version: Number(new DerReader(request.infoDer, 'certificate request').enter(Tag.sequence).readInteger()),
    signatureAlgorithm: readAlgorithm(outer.read(Tag.sequence).bytes),
    ...common({ ...request, tbsDer: request.infoDer, publicKey: request.publicKey }),
    der: request.der,
  };
}

type Common = {
  readonly subject: DistinguishedName;
  readonly subjectDer: Buffer;
  readonly publicKey: KeyObject;
  readonly publicKeyDer: Buffer;
  readonly sans: SubjectAltNames;
  readonly extensions: readonly ExtensionView[];
  readonly tbsDer: Buffer;
  readonly signature: Buffer;
};

function common(source: Common): Omit<SubjectView, 'version' | 'signatureAlgorithm' | 'der'> {
  return {
    subject: source.subject.rdns.flat(),
    subjectDer: source.subjectDer,
    publicKey: source.publicKey,
    publicKeyDer: source.publicKeyDer,
    keyAlgorithm: keyAlgorithmName(source.publicKey),
    sans: source.sans,
    extensions: source.extensions,
    tbsDer: source.tbsDer,
    signature: source.signature,
  };
}

function readAlgorithm(der: Uint8Array): Algorithm {
  const reader = new DerReader(der, 'signature algorithm').enter(Tag.sequence);
  const oid = reader.readOid();
  return { oid, name: algorithmName(oid, reader.atEnd ? undefined : reader.read().bytes) };
}
