/**
 * Writes and signs certificate revocation lists (RFC 5280 5), version 2, as Go's x509.CreateRevocationList does for
 * step-ca: authorityKeyIdentifier, cRLNumber, then the issuingDistributionPoint; no list of entries when there are none.
 *
 * Keep: entries are not put into one call's arguments, a list may have a million of them.
 */
import type { KeyObject } from 'node:crypto';
import { isSamePublicKey } from '../crypto/index.ts';
import { bitString, contextTag, integer, sequence, Tag, time, tlv } from '../encoding/index.ts';
import type { EpochMs } from '../time/index.ts';
import type { Certificate } from './certificate.ts';
import { issuerUnfit } from './errors.ts';
import { encodeAuthorityKeyId, encodeExtension } from './extension.ts';
import { oids } from './oids.ts';
import { signatureAlgorithmFor, signData } from './signature.ts';

export type RevocationEntry = {
  readonly serial: bigint;
  readonly revokedAt: EpochMs;
  /** RFC 5280 5.3.1; zero (unspecified) is not written. */
  readonly reasonCode: number;
};

export type RevocationListRequest = {
  /** Grows with each list of an issuer. */
  readonly number: number;
  readonly thisUpdate: EpochMs;
  readonly nextUpdate: EpochMs;
  readonly entries: readonly RevocationEntry[];
  /** Where the list is published; clients compare it with the distribution point in a certificate. */
  readonly distributionPoint: string;
};

/** Signs lists for one certificate authority. */
export type RevocationListIssuer = {
  /** DER. */
  issue(request: RevocationListRequest): Buffer;
};

/** @throws {AppError} ERR_ISSUER: the certificate may not sign lists, or the key is not its key */
export function createRevocationListIssuer(certificate: Certificate, key: KeyObject): RevocationListIssuer {
  if (!certificate.isCa || certificate.keyUsage?.includes('crlSign') === false) {
    throw issuerUnfit('may not sign revocation lists');
  }
  if (key.type !== 'private' || !isSamePublicKey(key, certificate.publicKey)) {
    throw issuerUnfit('does not belong to the given private key');
  }
  const algorithm = signatureAlgorithmFor(key);
  const authorityKeyId = certificate.subjectKeyId ? [encodeAuthorityKeyId(certificate.subjectKeyId)] : [];
  return {
    issue({ number, thisUpdate, nextUpdate, entries, distributionPoint }) {
      const extensions = sequence(
        ...authorityKeyId,
        encodeExtension(oids.crlNumber, integer(number)),
        encodeDistributionPoint(distributionPoint),
      );
      const tbs = sequence(
        version2,
        algorithm.der,
        certificate.subjectDer,
        time(thisUpdate),
        time(nextUpdate),
        ...(entries.length === 0 ? [] : [encodeEntries(entries)]),
        tlv(contextTag(0, true), extensions),
      );
      return sequence(tbs, algorithm.der, bitString(signData(tbs, key, algorithm)));
    },
  };
}

const version2 = integer(1);

const encodeEntries = (entries: readonly RevocationEntry[]): Buffer =>
  tlv(Tag.sequence, Buffer.concat(entries.map(encodeEntry)));

function encodeEntry({ serial, revokedAt, reasonCode }: RevocationEntry): Buffer {
  const reason = reasonCode === 0 ? [] : [reasonExtensions(reasonCode)];
  return sequence(integer(serial), time(revokedAt), ...reason);
}

/** A handful of reasons, many entries. */
const knownReasons = new Map<number, Buffer>();

function reasonExtensions(reasonCode: number): Buffer {
  const known = knownReasons.get(reasonCode);
  if (known) return known;
  const extension = encodeExtension(oids.crlReason, tlv(Tag.enumerated, Buffer.of(reasonCode)));
  const extensions = sequence(extension);
  knownReasons.set(reasonCode, extensions);
  return extensions;
}

/** Critical (RFC 5280 5.2.5): one full name, no scope. */
function encodeDistributionPoint(url: string): Buffer {
  const uri = tlv(contextTag(6, false), Buffer.from(url));
  const fullName = tlv(contextTag(0, true), uri);
  return encodeExtension(oids.issuingDistributionPoint, sequence(tlv(contextTag(0, true), fullName)), true);
}
