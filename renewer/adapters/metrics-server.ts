/**
 * GET /metrics over plain HTTP, for as many scrapers as a cluster has and no more. A port that is taken is said once: the
 * certificate matters more than what is known about it.
 */
import { createServer } from 'node:http';
import { formatListenAddress, type ListenAddress, listen } from '../../lib/http/index.ts';
import type { Logger } from '../../lib/log/index.ts';

const limits = { maxConnections: 16, requestTimeoutMs: 5_000, maxHeaderBytes: 8 * 1024 };

/** @returns a function that ends it */
export async function serveMetrics(address: ListenAddress, render: () => string, log: Logger): Promise<() => void> {
  const options = {
    maxHeaderSize: limits.maxHeaderBytes,
    headersTimeout: limits.requestTimeoutMs,
    requestTimeout: limits.requestTimeoutMs,
    connectionsCheckingInterval: limits.requestTimeoutMs,
  };
  const server = createServer(options, (request, response) => {
    const [path] = (request.url ?? '').split('?', 1);
    const found = path === '/metrics' && (request.method === 'GET' || request.method === 'HEAD');
    const type = found ? 'text/plain; version=0.0.4; charset=utf-8' : 'text/plain; charset=utf-8';
    response.writeHead(found ? 200 : 404, { 'content-type': type });
    response.end(found ? render() : 'not found\n');
  });
  server.maxConnections = limits.maxConnections;
  const close = (): void => {
    server.close();
    server.closeAllConnections();
  };
  try {
    const bound = await listen(server, address);
    log.info('metrics', { address: formatListenAddress(bound) });
  } catch (error) {
    log.warn('metrics cannot be served', { error });
  }
  return close;
}
