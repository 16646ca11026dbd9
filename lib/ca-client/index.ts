export { parseCaUrl, parseFingerprint } from './addresses.ts';
export type { BootstrapGrant, IssuedCertificate, ListedProvisioner, VersionAnswer } from './answers.ts';
export {
  CaClient,
  type CaClientOptions,
  type ExchangeOptions,
  fetchRootByFingerprint,
  fetchRootsByFingerprint,
  type RevokeRequest,
  requestBootstrap,
  type SignRequest,
} from './client.ts';
export { KeptConnection } from './kept-connection.ts';
export { createRenewToken, type RenewTokenRequest } from './renew-token.ts';
export {
  jitterOf,
  longestExchangeMs,
  longestRetryMs,
  pickRenewalTime,
  shortestPauseMs,
  type Validity,
} from './schedule.ts';
export {
  type BootstrapOptions,
  bootstrapClient,
  bootstrapIdentity,
  bootstrapServer,
  type CertificateInfo,
  createMtlsClient,
  createMtlsServer,
  followIdentity,
  type MtlsClient,
  type MtlsRequestListener,
  type MtlsServer,
  mtlsServerOptions,
  type ServiceIdentity,
} from './sdk/index.ts';
