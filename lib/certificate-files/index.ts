export {
  checkCertificateSet,
  type OpenedSet,
  openCertificateSet,
  type SetCheck,
  type SetRequirements,
} from './check-set.ts';
export type { FileOwner, FileSystem } from './file-system.ts';
export { type CertificatePaths, type CertificateSet, pathsIn, validatePaths } from './paths.ts';
export {
  probeVolume,
  readCertificateSet,
  recoverCertificateSet,
  type WriteMode,
  type WriteOptions,
  writeCertificateSet,
} from './store.ts';
