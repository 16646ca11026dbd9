/** Ports of loopback for programs that must be told one before they start. */
import { once } from 'node:events';
import { createServer, type Server } from 'node:net';

/**
 * Below the range from which kernels take the local port of a connection (32768 on Linux, 49152 elsewhere): a port of
 * that range may be gone by the time the program that was promised it starts, or starts again.
 */
const first = 12_000;
const count = 18_000;

/** Sockets that keep a port for this process among all processes of the network namespace; they end with it. */
const reserved: Server[] = [];

/**
 * A port of 127.0.0.1 that is free now and is given to nobody else who asks here while this process lives, so a server
 * may be stopped and started on it.
 * @throws {Error} when every port of the range is taken
 */
export async function freePort(): Promise<number> {
  const start = Math.floor(Math.random() * count);
  for (let step = 0; step < count; step++) {
    const port = first + ((start + step) % count);
    const ticket = await tryListening({ path: `\0autocert-port-${port}` });
    if (!ticket) continue;
    const server = await tryListening({ port, host: '127.0.0.1' });
    if (server) {
      reserved.push(ticket.unref());
      server.close();
      await once(server, 'close');
      return port;
    }
    ticket.close();
  }
  throw new Error(`no port of 127.0.0.1 from ${first} to ${first + count - 1} is free`);
}

async function tryListening(where: { path: string } | { port: number; host: string }): Promise<Server | undefined> {
  const server = createServer();
  try {
    server.listen(where);
    await once(server, 'listening');
    return server;
  } catch {
    return undefined;
  }
}
