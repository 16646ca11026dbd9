/**
 * Writes and signs certificates. The issuer's constant parts (its name, key identifier, algorithm) are encoded once,
 * so that a leaf costs little more than its signature.
 *
 * Order and criticality of extensions are step-ca's (0.30): keyUsage, extendedKeyUsage, basicConstraints, subjectKeyId,
 * authorityKeyId, subjectAltName, then what is added; a re-issued leaf begins with the fresh key identifiers.
 */
import type { KeyObject } from 'node:crypto';
import { isSamePublicKey, publicKeyDer } from '../crypto/index.ts';
import { bitString, contextTag, integer, sequence, time, tlv } from '../encoding/index.ts';
import type { EpochMs } from '../time/index.ts';
import type { Certificate } from './certificate.ts';
import { issuerUnfit, validityNotEncodable } from './errors.ts';
import {
  encodeAuthorityKeyId,
  encodeBasicConstraints,
  encodeExtendedKeyUsage,
  encodeExtension,
  encodeKeyUsage,
  encodeSubjectKeyId,
} from './extension.ts';
import { encodeName, type SubjectFields } from './name.ts';
import { oids } from './oids.ts';
import { encodeProvisionerExtension, type ProvisionerExtension } from './provisioner-extension.ts';
import { parsePublicKeyInfo, subjectKeyId } from './public-key.ts';
import { drawSerial } from './serial.ts';
import { findAlgorithmOfKey, type SignatureAlgorithm, signatureAlgorithmFor, signData } from './signature.ts';
import { encodeGeneralNames, groupSans, listSans, type SubjectAltNames } from './subject-alt-name.ts';

type Validity = {
  /** Whole seconds count; fractions are cut off. */
  readonly notBefore: EpochMs;
  readonly notAfter: EpochMs;
};

export type LeafRequest = Validity & {
  readonly subject: SubjectFields;
  /** Texts are classified as step-ca does. */
  readonly sans: readonly string[] | SubjectAltNames;
  readonly publicKeyDer: Uint8Array;
  /** Drawn at random when absent. */
  readonly serial?: bigint;
  readonly provisioner?: ProvisionerExtension;
  /** Object identifiers; server and client authentication when absent. */
  readonly extendedKeyUsage?: readonly string[];
  /** Whole extensions (encodeExtension), written before the provisioner's. */
  readonly extraExtensions?: readonly Uint8Array[];
};

export type ReissueRequest = Validity & {
  /** The new key of a rekey; absent for a renewal. */
  readonly publicKeyDer?: Uint8Array;
  readonly serial?: bigint;
};

/** A certificate of which everything is decided but the issuer's part. */
export type ExactRequest = Validity & {
  /** Encoded name. */
  readonly subjectDer: Uint8Array;
  readonly publicKeyDer: Uint8Array;
  /** Whole extensions, in their order. */
  readonly extensions: readonly Uint8Array[];
  readonly serial?: bigint;
  /** As Go names it (`ECDSA-SHA384`), in any case; the usual one of the issuer's key when absent. */
  readonly signatureAlgorithm?: string;
};

/** Issues leaves under one certificate. Holds no state; may be used concurrently. */
export type LeafIssuer = {
  readonly certificate: Certificate;
  /** DER. @throws {AppError} ERR_SAN, ERR_SUBJECT, ERR_VALIDITY, ERR_PUBLIC_KEY (what cannot be written) */
  issue(request: LeafRequest): Buffer;
  /** DER. @throws {AppError} ERR_ISSUER (an algorithm that the issuer's key does not sign with), ERR_VALIDITY */
  issueExact(request: ExactRequest): Buffer;
  /** The same subject and extensions byte for byte, but for the key identifiers. DER. */
  reissue(old: Certificate, request: ReissueRequest): Buffer;
};

/** @throws {AppError} ERR_ISSUER (no CA certificate, or the key is not its key) */
export function createLeafIssuer(certificate: Certificate, key: KeyObject): LeafIssuer {
  if (!certificate.isCa || certificate.keyUsage?.includes('certSign') === false) {
    throw issuerUnfit('is not that of a certificate authority');
  }
  if (key.type !== 'private' || !isSamePublicKey(key, certificate.publicKey)) {
    throw issuerUnfit('does not belong to the given private key');
  }
  const signer = createSigner(certificate.subjectDer, key, certificate.signatureAlgorithm);
  const authorityKeyId = certificate.subjectKeyId ? [encodeAuthorityKeyId(certificate.subjectKeyId)] : [];
  return {
    certificate,
    issue(request) {
      const subjectDer = encodeName(request.subject);
      const extensions = [
        parsePublicKeyInfo(request.publicKeyDer).type === 'RSA' ? rsaLeafUsage : leafUsage,
        request.extendedKeyUsage ? encodeExtendedKeyUsage(request.extendedKeyUsage) : serverAndClient,
        encodeSubjectKeyId(subjectKeyId(request.publicKeyDer)),
        ...authorityKeyId,
        ...subjectAltName(request.sans, subjectDer.length === 2),
        ...(request.extraExtensions ?? []),
        ...(request.provisioner ? [encodeProvisionerExtension(request.provisioner)] : []),
      ];
      return signer({ ...request, subjectDer, extensions });
    },
    issueExact({ signatureAlgorithm: name, ...request }) {
      const signerOf = name === undefined ? undefined : findAlgorithmOfKey(key, name);
      if (name !== undefined && !signerOf) throw issuerUnfit('signs with a key that does not fit the algorithm');
      return signer({ ...request, ...(signerOf ? { algorithm: signerOf } : {}) });
    },
    reissue(old, request) {
      const rekeyed = request.publicKeyDer !== undefined;
      const newKey = request.publicKeyDer ?? old.publicKeyDer;
      if (rekeyed) parsePublicKeyInfo(newKey);
      const kept = old.extensions.filter(
        ({ oid }) => oid !== oids.authorityKeyIdentifier && !(rekeyed && oid === oids.subjectKeyIdentifier),
      );
      const hasKeyId = kept.some(({ oid }) => oid === oids.subjectKeyIdentifier);
      const extensions = [
        ...(hasKeyId ? [] : [encodeSubjectKeyId(subjectKeyId(newKey))]),
        ...authorityKeyId,
        ...kept.map(({ der }) => der),
      ];
      return signer({ ...request, subjectDer: old.subjectDer, publicKeyDer: newKey, extensions });
    },
  };
}

const leafUsage = encodeKeyUsage(['digitalSignature']);
const rsaLeafUsage = encodeKeyUsage(['digitalSignature', 'keyEncipherment']);
const serverAndClient = encodeExtendedKeyUsage([oids.serverAuth, oids.clientAuth]);

/** Critical when it is all that names the subject (RFC 5280 4.2.1.6). */
function subjectAltName(given: readonly string[] | SubjectAltNames, critical: boolean): Buffer[] {
  const sans = 'dns' in given ? given : groupSans(given);
  if (listSans(sans).length === 0) return [];
  return [encodeExtension(oids.subjectAltName, encodeGeneralNames(sans), critical)];
}

type Unsigned = Validity & {
  readonly subjectDer: Uint8Array;
  readonly publicKeyDer: Uint8Array;
  readonly extensions: readonly Uint8Array[];
  readonly serial?: bigint;
  readonly algorithm?: SignatureAlgorithm;
};

/** A function that completes, signs and wraps a certificate of one issuer. */
function createSigner(issuerDer: Uint8Array, key: KeyObject, own: SignatureAlgorithm | undefined) {
  const usual = signatureAlgorithmFor(key, own);
  return (unsigned: Unsigned): Buffer => {
    const algorithm = unsigned.algorithm ?? usual;
    const tbs = sequence(
      version3,
      integer(unsigned.serial ?? drawSerial()),
      algorithm.der,
      issuerDer,
      sequence(encodeTime(unsigned.notBefore), encodeTime(unsigned.notAfter)),
      unsigned.subjectDer,
      unsigned.publicKeyDer,
      tlv(contextTag(3, true), sequence(...unsigned.extensions)),
    );
    return sequence(tbs, algorithm.der, bitString(signData(tbs, key, algorithm)));
  };
}

const version3 = tlv(contextTag(0, true), integer(2));
/** What UTCTime and GeneralizedTime can say: the years 0 to 9999. */
const [firstMs, lastMs] = [Date.parse('0000-01-01T00:00:00Z'), Date.parse('9999-12-31T23:59:59.999Z')];

function encodeTime(epochMs: EpochMs): Buffer {
  if (!(epochMs >= firstMs && epochMs <= lastMs)) throw validityNotEncodable();
  return time(epochMs);
}

export type AuthorityRequest = Validity & {
  /** Fields, or the whole encoded name of another certificate. */
  readonly subject: SubjectFields | { readonly der: Uint8Array };
  readonly serial?: bigint;
  /** How many authorities may follow below; 1 for a root and 0 for an intermediate when absent. */
  readonly pathLength?: number;
  /** Whole extensions (encodeExtension), written last: name constraints, for example. */
  readonly extraExtensions?: readonly Uint8Array[];
};

/** Self-signed root as `step ca init` makes it: certSign and crlSign, path length 1. DER. */
export function buildRootCertificate(request: AuthorityRequest & { readonly key: KeyObject }): Buffer {
  const subjectDer = encodeSubject(request.subject);
  const spki = publicKeyDer(request.key);
  const extensions = [
    authorityUsage,
    encodeBasicConstraints({ isCa: true, pathLength: request.pathLength ?? 1 }),
    encodeSubjectKeyId(subjectKeyId(spki)),
    ...(request.extraExtensions ?? []),
  ];
  return createSigner(subjectDer, request.key, undefined)({ ...request, subjectDer, publicKeyDer: spki, extensions });
}

/** Intermediate as `step ca init` makes it: path length 0, both key identifiers. DER. @throws {AppError} ERR_ISSUER */
export function buildIntermediateCertificate(
  request: AuthorityRequest & {
    readonly publicKeyDer: Uint8Array;
    readonly issuerCertificate: Certificate;
    readonly issuerKey: KeyObject;
  },
): Buffer {
  const { issuerCertificate: issuer, issuerKey } = request;
  if (!issuer.isCa || !isSamePublicKey(issuerKey, issuer.publicKey)) {
    throw issuerUnfit('is not a certificate authority, or the private key is not its key');
  }
  const extensions = [
    authorityUsage,
    encodeBasicConstraints({ isCa: true, pathLength: request.pathLength ?? 0 }),
    encodeSubjectKeyId(subjectKeyId(request.publicKeyDer)),
    ...(issuer.subjectKeyId ? [encodeAuthorityKeyId(issuer.subjectKeyId)] : []),
    ...(request.extraExtensions ?? []),
  ];
  const signer = createSigner(issuer.subjectDer, issuerKey, issuer.signatureAlgorithm);
  return signer({ ...request, subjectDer: encodeSubject(request.subject), extensions });
}

const authorityUsage = encodeKeyUsage(['certSign', 'crlSign']);

const encodeSubject = (subject: AuthorityRequest['subject']): Uint8Array =>
  'der' in subject ? subject.der : encodeName(subject);
