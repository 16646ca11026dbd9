/**
 * What one client may take from a server before it has proved anything: connections, header bytes, time. Every
 * public port of the product has these; a server that needs others passes its own.
 */
export type ServerLimits = {
  /** With more, the oldest one without a handshake is closed, else those between two requests. */
  readonly maxConnections: number;
  /** From the first packet to the end of the TLS handshake. */
  readonly handshakeTimeoutMs: number;
  /** From the first byte of a request to the end of its headers. */
  readonly headersTimeoutMs: number;
  /** From the first byte of a request to the end of its body: a slow drip ends here. */
  readonly requestTimeoutMs: number;
  /** A kept-alive connection without a request. */
  readonly idleTimeoutMs: number;
  readonly maxHeaderBytes: number;
};

/** step-ca's 15 s for each phase, and a cap that a small machine holds. */
export const defaultServerLimits: ServerLimits = {
  maxConnections: 10_000,
  handshakeTimeoutMs: 15_000,
  headersTimeoutMs: 15_000,
  requestTimeoutMs: 15_000,
  idleTimeoutMs: 15_000,
  maxHeaderBytes: 16 * 1024,
};

/** Body limit of endpoints that take a CSR and a token. */
export const smallBodyLimitBytes = 1024 * 1024;

/** Body limit of admission reviews, which carry an object and its old version (etcd takes 1.5 MiB each). */
export const admissionBodyLimitBytes = 7 * 1024 * 1024;
