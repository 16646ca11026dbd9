/**
 * Certificate requests (PKCS#10, RFC 2986): read, checked, written.
 *
 *   SEQUENCE { info SEQUENCE { version 0, subject, key, [0] SET OF attribute }, algorithm, signature BIT STRING }
 */
import type { KeyObject } from 'node:crypto';
import { publicKeyDer } from '../crypto/index.ts';
import {
  bitString,
  contextTag,
  DerReader,
  decodeBitString,
  integer,
  oid,
  sequence,
  setOf,
  Tag,
  tlv,
} from '../encoding/index.ts';
import { malformed } from './errors.ts';
import { type Extension, encodeExtension, readExtensions } from './extension.ts';
import { commonNameOf, type DistinguishedName, decodeName, encodeName } from './name.ts';
import { oids } from './oids.ts';
import { importPublicKey, type PublicKeyInfo, parsePublicKeyInfo } from './public-key.ts';
import {
  findRequestSignatureAlgorithm,
  type SignatureAlgorithm,
  signatureAlgorithmFor,
  signData,
  verifyData,
} from './signature.ts';
import {
  decodeGeneralNames,
  encodeGeneralNames,
  groupSans,
  listSans,
  noSans,
  type SubjectAltNames,
} from './subject-alt-name.ts';

export type CertificateRequest = {
  readonly der: Buffer;
  /** What is signed. */
  readonly infoDer: Buffer;
  readonly subjectDer: Buffer;
  readonly subject: DistinguishedName;
  readonly commonName: string;
  readonly sans: SubjectAltNames;
  readonly extensions: readonly Extension[];
  readonly publicKeyDer: Buffer;
  readonly publicKeyInfo: PublicKeyInfo;
  readonly publicKey: KeyObject;
  /** Undefined for an algorithm that is not used here: such a request never verifies. */
  readonly signatureAlgorithm: SignatureAlgorithm | undefined;
  readonly signature: Buffer;
};

const what = 'csr';

/** @throws {AppError} ERR_DER, ERR_CSR, ERR_PUBLIC_KEY, ERR_PUBLIC_KEY_KIND (all invalid) */
export function parseCertificateRequest(bytes: Uint8Array): CertificateRequest {
  const der = Buffer.from(bytes); // the caller may reuse its buffer
  const top = new DerReader(der, what);
  const outer = top.enter(Tag.sequence);
  top.end();
  const infoValue = outer.read(Tag.sequence);
  const algorithm = outer.read(Tag.sequence).bytes;
  const signature = decodeBitString(outer.read(Tag.bitString), what);
  outer.end();

  const info = new DerReader(infoValue.content, what);
  const version = info.readInteger();
  // Requests of version 1 and 2 are about, and there is no other format that the number could mean.
  if (BigInt.asIntN(64, version) !== version) throw malformed(what, 'is of unknown version');
  const subjectDer = info.read(Tag.sequence).bytes;
  const publicKeyDer = info.read(Tag.sequence).bytes;
  const attributes = info.readOptional(contextTag(0, true)); // some writers leave the empty set out
  info.end();

  const extensions = attributes ? readRequestedExtensions(new DerReader(attributes.content, what)) : [];
  const sanExtension = extensions.find(({ oid }) => oid === oids.subjectAltName);
  const subject = decodeName(subjectDer, what);
  return {
    der,
    infoDer: infoValue.bytes,
    subjectDer,
    subject,
    commonName: commonNameOf(subject),
    sans: sanExtension ? decodeGeneralNames(sanExtension.value, what) : noSans,
    extensions,
    publicKeyDer,
    publicKeyInfo: parsePublicKeyInfo(publicKeyDer),
    publicKey: importPublicKey(publicKeyDer),
    signatureAlgorithm: findRequestSignatureAlgorithm(algorithm),
    signature,
  };
}

function readRequestedExtensions(attributes: DerReader): Extension[] {
  let extensions: Extension[] | undefined;
  while (!attributes.atEnd) {
    const attribute = attributes.enter(Tag.sequence);
    const type = attribute.readOid();
    const values = attribute.enter(Tag.set);
    attribute.end();
    if (type !== oids.extensionRequest) continue;
    if (extensions) throw malformed(what, 'requests extensions twice');
    extensions = readExtensions(values.enter(Tag.sequence), what);
    values.end();
  }
  return extensions ?? [];
}

/** Whether the request is signed by the key it carries (proof of possession). */
export function verifyCertificateRequest(request: CertificateRequest): boolean {
  const { infoDer, signature, publicKey, signatureAlgorithm } = request;
  return signatureAlgorithm !== undefined && verifyData(infoDer, signature, publicKey, signatureAlgorithm);
}

/**
 * A signed request with a common name (may be empty) and names of any kind.
 * @throws {AppError} ERR_SAN, ERR_SUBJECT (names that cannot be written)
 */
export function buildCertificateRequest(request: {
  readonly commonName: string;
  readonly sans: readonly string[];
  readonly key: KeyObject;
}): Buffer {
  const sans = groupSans(request.sans);
  const names = listSans(sans).length === 0 ? [] : [encodeExtension(oids.subjectAltName, encodeGeneralNames(sans))];
  const attributes = names.length === 0 ? [] : [sequence(oid(oids.extensionRequest), setOf(sequence(...names)))];
  const info = sequence(
    integer(0),
    encodeName({ commonName: request.commonName }),
    publicKeyDer(request.key),
    tlv(contextTag(0, true), ...attributes),
  );
  const algorithm = signatureAlgorithmFor(request.key);
  return sequence(info, algorithm.der, bitString(signData(info, request.key, algorithm)));
}
