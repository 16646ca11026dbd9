/** An HTTP server without TLS, under the limits of the others. */
import { createServer, type Server } from 'node:http';
import { defaultServerLimits as limits } from '../../lib/http/index.ts';

/** Does not listen yet. */
export function createClearServer(): Server {
  const server = createServer({
    headersTimeout: limits.headersTimeoutMs,
    requestTimeout: limits.requestTimeoutMs,
    keepAliveTimeout: limits.idleTimeoutMs,
    maxHeaderSize: limits.maxHeaderBytes,
    connectionsCheckingInterval: 1000,
  });
  server.maxConnections = limits.maxConnections;
  return server;
}
