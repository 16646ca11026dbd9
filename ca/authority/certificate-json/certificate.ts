/**
 * A certificate that is not signed yet, as JSON: what a template of step describes and what authorizing webhooks are
 * shown. Members without a value are null, as Go writes them.
 */
import type { CertificateRequest, KeyUsage, SubjectAltNames } from '../../../lib/x509/index.ts';
import type { NameJson } from './name.ts';
import { type BasicConstraintsJson, type ExtensionJson, orNull } from './request.ts';

export type SanJson = { readonly type: string; readonly value: string; readonly asn1Value?: unknown };

export type NameConstraintsJson = {
  readonly critical: boolean;
  readonly permittedDNSDomains: readonly string[] | null;
  readonly excludedDNSDomains: readonly string[] | null;
  /** CIDR notation. */
  readonly permittedIPRanges: readonly string[] | null;
  readonly excludedIPRanges: readonly string[] | null;
  readonly permittedEmailAddresses: readonly string[] | null;
  readonly excludedEmailAddresses: readonly string[] | null;
  readonly permittedURIDomains: readonly string[] | null;
  readonly excludedURIDomains: readonly string[] | null;
};

export type CertificateJson = {
  readonly version: number;
  readonly subject: NameJson;
  /** DER in base64. */
  readonly rawSubject: string | null;
  readonly issuer: NameJson;
  readonly serialNumber: bigint | null;
  readonly dnsNames: readonly string[] | null;
  readonly emailAddresses: readonly string[] | null;
  readonly ipAddresses: readonly string[] | null;
  readonly uris: readonly string[] | null;
  readonly sans: readonly SanJson[] | null;
  readonly extensions: readonly ExtensionJson[] | null;
  readonly keyUsage: readonly KeyUsage[] | null;
  readonly extKeyUsage: readonly string[];
  readonly unknownExtKeyUsage: readonly string[] | null;
  /** Base64. */
  readonly subjectKeyId: string | null;
  readonly authorityKeyId: string | null;
  readonly ocspServer: readonly string[] | null;
  readonly issuingCertificateURL: readonly string[] | null;
  readonly crlDistributionPoints: readonly string[] | null;
  readonly policyIdentifiers: readonly string[] | null;
  readonly basicConstraints: BasicConstraintsJson | null;
  readonly nameConstraints: NameConstraintsJson | null;
  readonly signatureAlgorithm: string;
};

/** Nothing at all: what a template that says `{}` describes. */
export const emptyCertificate: CertificateJson = {
  version: 0,
  subject: {},
  rawSubject: null,
  issuer: {},
  serialNumber: null,
  dnsNames: null,
  emailAddresses: null,
  ipAddresses: null,
  uris: null,
  sans: null,
  extensions: null,
  keyUsage: null,
  extKeyUsage: [],
  unknownExtKeyUsage: null,
  subjectKeyId: null,
  authorityKeyId: null,
  ocspServer: null,
  issuingCertificateURL: null,
  crlDistributionPoints: null,
  policyIdentifiers: null,
  basicConstraints: null,
  nameConstraints: null,
  signatureAlgorithm: '',
};

/** What the leaf template that step-ca has built in comes to. */
export function defaultLeaf(
  commonName: string,
  sans: SubjectAltNames,
  { publicKeyInfo }: Pick<CertificateRequest, 'publicKeyInfo'>,
): CertificateJson {
  return {
    ...emptyCertificate,
    subject: commonName === '' ? {} : { commonName },
    sans: orNull(listSansAsJson(sans)),
    keyUsage: publicKeyInfo.type === 'RSA' ? ['digitalSignature', 'keyEncipherment'] : ['digitalSignature'],
    extKeyUsage: ['serverAuth', 'clientAuth'],
  };
}

/** In the order of step's templates: DNS names, addresses, email addresses, URIs. */
export const listSansAsJson = (sans: SubjectAltNames): SanJson[] =>
  (['dns', 'ip', 'email', 'uri'] as const).flatMap((type) => sans[type].map((value) => ({ type, value })));
