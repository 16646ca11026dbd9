/** Start and stop of a server: bind fails loudly, stop lets requests finish. */
import type { Server as HttpServer } from 'node:http';
import type { Server as HttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { listenFailed } from './errors.ts';
import { formatListenAddress, type ListenAddress, parseListenAddress } from './listen-address.ts';
import { openConnections } from './tls-server.ts';

/**
 * Binds and resolves to the real address (port 0 has become a number).
 * @throws {AppError} ERR_LISTEN_ADDRESS (invalid); ERR_LISTEN (unavailable) when the port is taken
 */
export async function listen(
  server: HttpServer | HttpsServer,
  address: string | ListenAddress,
): Promise<{ host: string; port: number }> {
  const { host, port } = typeof address === 'string' ? parseListenAddress(address) : address;
  await new Promise<void>((resolve, reject) => {
    const fail = (cause: Error): void => reject(listenFailed(formatListenAddress({ host, port }), cause));
    server.once('error', fail);
    server.listen({ port, ...(host === '' ? {} : { host }) }, () => {
      server.removeListener('error', fail);
      resolve();
    });
  });
  const bound = server.address() as AddressInfo;
  return { host: bound.address, port: bound.port };
}

/**
 * Stops accepting, closes idle connections, lets requests in flight finish for up to `graceMs`, then ends what is left.
 * Resolves when no connection is open. A server that does not listen resolves at once.
 */
export async function closeGracefully(server: HttpServer | HttpsServer, graceMs: number): Promise<void> {
  if (!server.listening) return;
  const handshakes = 'setSecureContext' in server ? openConnections(server) : new Set<never>();
  await new Promise<void>((resolve) => {
    // A connection becomes idle when its last answer is out; only a look finds it.
    const look = setInterval(() => server.closeIdleConnections(), 50);
    const end = setTimeout(() => {
      server.closeAllConnections();
      for (const socket of handshakes) socket.destroy();
    }, graceMs);
    server.close(() => {
      clearInterval(look);
      clearTimeout(end);
      resolve();
    });
    server.closeIdleConnections();
    for (const socket of handshakes) if (socket.listenerCount('readable') > 0) socket.destroy();
  });
}
