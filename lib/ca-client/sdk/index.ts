/**
 * The SDK for services: enrol with a one-time token, serve or call over mutual TLS, renew by itself. This is what the
 * npm package shows as `@autocert/autocert/client`; nothing but Node is needed to use it.
 */
export { AppError, type ErrorKind, isAppError } from '../../errors/index.ts';
export { createLogger, type Logger, type LoggerOptions } from '../../log/index.ts';
export type { Clock } from '../../time/index.ts';
export { CaClient, type CaClientOptions, fetchRootByFingerprint } from '../client.ts';
export { bootstrapClient, createMtlsClient, type MtlsClient, type MtlsClientOptions } from './client.ts';
export { type BootstrapOptions, bootstrapIdentity } from './enrol.ts';
export type { MtlsFetch, MtlsRequest } from './fetch.ts';
export type {
  CertificateInfo,
  IdentityEvents,
  RootInfo,
  ServiceIdentity,
  TlsMaterial,
} from './identity.ts';
export type { RenewMethod } from './request-credential.ts';
export {
  bootstrapServer,
  createMtlsServer,
  followIdentity,
  type MtlsRequestListener,
  type MtlsServer,
  type MtlsServerOptions,
  mtlsServerOptions,
} from './server.ts';
export type { TrustScope } from './trust.ts';
