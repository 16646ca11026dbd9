/** A TCP proxy on loopback that holds every piece back for half a round trip, each way, and keeps their order. */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

export type DelayProxy = { readonly port: number; close(): Promise<void> };

/** The connection itself is open at once: what a handshake of TCP would wait is added to the first piece. */
export async function startDelayProxy(targetPort: number, roundTripMs: number): Promise<DelayProxy> {
  const sockets = new Set<Socket>();
  const server = createServer({ noDelay: true }, (near) => {
    const far = connect({ port: targetPort, host: '127.0.0.1', noDelay: true });
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.on('error', () => socket.destroy());
      socket.once('close', () => sockets.delete(socket));
    }
    pass(near, far, roundTripMs / 2, roundTripMs);
    pass(far, near, roundTripMs / 2, 0);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

function pass(from: Socket, to: Socket, delayMs: number, extraForFirstMs: number): void {
  const open = performance.now() + extraForFirstMs;
  const later = (act: () => void): void => {
    setTimeout(act, Math.max(delayMs, open + delayMs - performance.now()));
  };
  from.on('data', (chunk) => later(() => to.write(chunk)));
  from.on('end', () => later(() => to.end()));
  from.on('close', () => later(() => to.destroySoon()));
}
