/**
 * A certificate request as JSON, as step-ca shows it to webhooks and templates (`.Insecure.CR`). Members without a value
 * are null, as Go writes them.
 */
import {
  type CertificateRequest,
  decodeBasicConstraints,
  decodeExtendedKeyUsage,
  decodeKeyUsage,
  type KeyUsage,
  oids,
} from '../../../lib/x509/index.ts';
import { nameOfExtendedKeyUsage } from './extended-key-usage.ts';
import { type NameJson, showName } from './name.ts';

/** Value in base64. */
export type ExtensionJson = { readonly id: string; readonly critical: boolean; readonly value: string };

export type BasicConstraintsJson = {
  readonly isCA: boolean;
  /** -1 for no limit. */
  readonly maxPathLen: number;
};

export type RequestJson = {
  readonly version: number;
  readonly subject: NameJson;
  /** Base64 of the DER. */
  readonly rawSubject: string;
  readonly dnsNames: readonly string[] | null;
  readonly emailAddresses: readonly string[] | null;
  readonly ipAddresses: readonly string[] | null;
  readonly uris: readonly string[] | null;
  readonly sans: null;
  readonly extensions: readonly ExtensionJson[] | null;
  readonly keyUsage: readonly KeyUsage[] | null;
  readonly extKeyUsage: readonly string[];
  readonly unknownExtKeyUsage: readonly string[] | null;
  readonly basicConstraints: BasicConstraintsJson | null;
  readonly signatureAlgorithm: '';
};

/** Go's null for a list that was never filled. */
export const orNull = <Item>(list: readonly Item[]): readonly Item[] | null => (list.length === 0 ? null : list);

export function showRequest({ subject, subjectDer, sans, extensions }: CertificateRequest): RequestJson {
  const isEmpty = subject.rdns.length === 0;
  const read = <Value>(oid: string, decode: (value: Uint8Array, what: string) => Value): Value | undefined => {
    const found = extensions.find((extension) => extension.oid === oid);
    try {
      return found && decode(found.value, 'csr');
    } catch {
      return undefined; // one that cannot be read counts as not there, as in step-ca
    }
  };
  const usages = (read(oids.extendedKeyUsage, decodeExtendedKeyUsage) ?? []).map(
    (oid) => [oid, nameOfExtendedKeyUsage(oid)] as const,
  );
  const constraints = read(oids.basicConstraints, decodeBasicConstraints);
  return {
    version: 0,
    subject: showName(subject),
    rawSubject: subjectDer.toString('base64'),
    dnsNames: orNull(sans.dns),
    emailAddresses: orNull(sans.email),
    ipAddresses: orNull(sans.ip),
    uris: orNull(sans.uri),
    sans: null,
    extensions: orNull(
      extensions.map(({ oid, critical, value }) => ({
        id: oid,
        critical: critical || (isEmpty && oid === oids.subjectAltName), // as it has to be in the certificate
        value: value.toString('base64'),
      })),
    ),
    keyUsage: orNull(read(oids.keyUsage, decodeKeyUsage) ?? []),
    extKeyUsage: usages.flatMap(([, name]) => name ?? []),
    unknownExtKeyUsage: orNull(usages.flatMap(([oid, name]) => (name === undefined ? [oid] : []))),
    basicConstraints: constraints ? { isCA: constraints.isCa, maxPathLen: constraints.pathLength ?? -1 } : null,
    signatureAlgorithm: '',
  };
}
