export {
  type AuthorityRequest,
  buildIntermediateCertificate,
  buildRootCertificate,
  createLeafIssuer,
  type ExactRequest,
  type LeafIssuer,
  type LeafRequest,
  type ReissueRequest,
} from './build-certificate.ts';
export {
  type Certificate,
  fingerprint,
  parseCertificate,
  parseCertificateChainPem,
  serialDecimal,
  serialHex,
} from './certificate.ts';
export {
  buildCertificateRequest,
  type CertificateRequest,
  parseCertificateRequest,
  verifyCertificateRequest,
} from './certificate-request.ts';
export { type ChainOptions, verifyChain, verifyIssuedBy } from './chain.ts';
export {
  decodeBasicConstraints,
  decodeExtendedKeyUsage,
  decodeKeyUsage,
  type Extension,
  encodeAuthorityKeyId,
  encodeBasicConstraints,
  encodeExtendedKeyUsage,
  encodeExtension,
  encodeKeyUsage,
  encodeSubjectKeyId,
  type KeyUsage,
  keyUsages,
} from './extension.ts';
export { formatIp, parseIp } from './ip-address.ts';
export { type DistinguishedName, encodeName, type NameAttribute, type SubjectFields } from './name.ts';
export { findNameConstraintProblem, type NameConstraints } from './name-constraints.ts';
export { oids } from './oids.ts';
export {
  encodeProvisionerExtension,
  type ProvisionerExtension,
  type ProvisionerType,
  parseProvisionerExtension,
  provisionerTypes,
} from './provisioner-extension.ts';
export { type PublicKeyInfo, parsePublicKeyInfo, subjectKeyId } from './public-key.ts';
export {
  createRevocationListIssuer,
  type RevocationEntry,
  type RevocationListIssuer,
  type RevocationListRequest,
} from './revocation-list.ts';
export { drawSerial } from './serial.ts';
export type { SignatureAlgorithm } from './signature.ts';
export {
  classifySan,
  decodeGeneralNames,
  encodeGeneralNames,
  groupSans,
  listSans,
  type SanType,
  type SubjectAltNames,
  sanTypes,
} from './subject-alt-name.ts';
