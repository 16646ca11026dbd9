export { closeGracefully, listen } from './lifecycle.ts';
export { admissionBodyLimitBytes, defaultServerLimits, type ServerLimits, smallBodyLimitBytes } from './limits.ts';
export { formatListenAddress, type ListenAddress, parseListenAddress } from './listen-address.ts';
export {
  type ClientAuthentication,
  createTlsServer,
  openConnections,
  replaceSecureContext,
  type TlsServerOptions,
} from './tls-server.ts';
