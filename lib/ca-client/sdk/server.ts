/**
 * An HTTPS server that serves with the certificate of an identity and takes only clients with a certificate that it
 * trusts. Each renewal and each change of trust is taken over while it runs: new connections see it, open ones go on.
 *
 * Keep: a connection that rests on a root which is no longer trusted ends after the answer that is under way; no other
 * connection is touched.
 */
import { constants } from 'node:crypto';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { createServer, type Server, type ServerOptions } from 'node:https';
import type { Socket } from 'node:net';
import type { SecureContextOptions, TLSSocket, TlsOptions, Server as TlsServer } from 'node:tls';
import { type BootstrapOptions, bootstrapIdentity } from './enrol.ts';
import type { ServiceIdentity } from './identity.ts';
import type { TrustScope } from './trust.ts';

export type MtlsServerOptions = {
  /** Whose clients are served; those of the own CA only unless given. */
  readonly trust?: TrustScope | undefined;
  /** Anything else of node:https: time-outs, versions, suites. Certificate, key and trust are the identity's. */
  readonly https?: ServerOptions | undefined;
};

/** `request.socket.getPeerCertificate()` is the client's certificate: others do not come this far. */
export type MtlsRequestListener = (
  request: IncomingMessage & { readonly socket: TLSSocket },
  response: ServerResponse,
) => unknown;

export type MtlsServer = {
  /** Call `listen` on it. */
  readonly server: Server;
  readonly identity: ServiceIdentity;
  /** Stops accepting, lets requests finish for up to `graceMs` (10 s), then ends what is left, and the identity. */
  close(graceMs?: number): Promise<void>;
};

const defaultGraceMs = 10_000;

/**
 * Enrols with a one-time token and returns a server that does not listen yet.
 * @throws {AppError} as {@link bootstrapIdentity}
 */
export async function bootstrapServer(
  token: string,
  options: BootstrapOptions & MtlsServerOptions,
  handler: MtlsRequestListener,
): Promise<MtlsServer> {
  const identity = await bootstrapIdentity(token, options);
  const serving = createMtlsServer(identity, options, handler);
  return {
    ...serving,
    async close(graceMs) {
      await serving.close(graceMs);
      await identity.close();
    },
  };
}

/** A server on an identity that may have other uses; `close` leaves the identity open. */
export function createMtlsServer(
  identity: ServiceIdentity,
  { trust = 'roots', https = {} }: MtlsServerOptions,
  handler: MtlsRequestListener,
): MtlsServer {
  const server = createServer(Object.assign({}, https, mtlsServerOptions(identity, trust)), handler as RequestListener);
  const connections = trackConnections(server);
  const detach = followIdentity(identity, server, trust, https);
  const unfollow = identity.follow((removed) => {
    if (removed.length === 0) return;
    connections.retire((socket) => !identity.isStillTrusted(socket, trust));
  });
  return {
    server,
    identity,
    async close(graceMs = defaultGraceMs) {
      detach();
      unfollow();
      await closeServer(server, graceMs, connections.destroyAll);
    },
  };
}

/**
 * Options for any server of Node that speaks TLS (node:tls, node:https, node:http2), as of now; give the server to
 * {@link followIdentity} then.
 */
export function mtlsServerOptions(identity: ServiceIdentity, trust: TrustScope = 'roots'): TlsOptions {
  return { ...secureContextOf(identity, trust), requestCert: true, rejectUnauthorized: true };
}

/**
 * Gives a server the identity's certificate and trust now and after each change, until the returned function is called.
 * New connections see the change, open ones go on.
 * @param settings what else the server's context was made with: Node replaces a context as a whole
 */
export function followIdentity(
  identity: ServiceIdentity,
  server: TlsServer,
  trust: TrustScope = 'roots',
  settings: SecureContextOptions = {},
): () => void {
  const apply = (): void => server.setSecureContext(Object.assign({}, settings, secureContextOf(identity, trust)));
  apply();
  return identity.follow(apply);
}

function secureContextOf(identity: ServiceIdentity, trust: TrustScope): SecureContextOptions {
  const { cert, key, ca } = identity.tlsMaterial(trust);
  // A resumed session would carry the verdict on a certificate past its end, and past a change of trust. Renegotiation
  // would let a client put another certificate in its place, which Node does not verify.
  const secureOptions = constants.SSL_OP_NO_TICKET | constants.SSL_OP_NO_RENEGOTIATION;
  return { cert, key, ca: [...ca], minVersion: 'TLSv1.2', secureOptions };
}

/** Open connections and the answers that are under way on them. */
function trackConnections(server: Server) {
  const underWay = new Map<TLSSocket, Set<ServerResponse>>();
  const retired = new WeakSet<TLSSocket>();
  const all = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    all.add(socket);
    socket.once('close', () => all.delete(socket));
  });
  server.on('secureConnection', (socket: TLSSocket) => {
    underWay.set(socket, new Set());
    socket.once('close', () => underWay.delete(socket));
  });
  server.prependListener('request', ({ socket }, response) => {
    const responses = underWay.get(socket as TLSSocket);
    responses?.add(response);
    response.once('close', () => {
      responses?.delete(response);
      if (responses?.size === 0 && retired.has(socket as TLSSocket)) socket.destroySoon();
    });
  });
  // whoever takes over a connection (WebSocket) decides on its end
  server.prependListener('upgrade', (_request, socket) => underWay.delete(socket as TLSSocket));
  return {
    /** Those in a handshake too, and those that somebody took over. */
    destroyAll(): void {
      for (const socket of all) socket.destroy();
    },
    retire(isOver: (socket: TLSSocket) => boolean): void {
      for (const [socket, responses] of underWay) {
        if (!isOver(socket)) continue;
        retired.add(socket);
        if (responses.size === 0) socket.destroySoon();
        for (const response of responses) if (!response.headersSent) response.setHeader('Connection', 'close');
      }
    },
  };
}

async function closeServer(server: Server, graceMs: number, destroyAll: () => void): Promise<void> {
  if (!server.listening) return;
  await new Promise<void>((resolve) => {
    // a connection becomes idle when its last answer is out; only a look finds it
    const look = setInterval(() => server.closeIdleConnections(), 50);
    const end = setTimeout(destroyAll, graceMs);
    server.close(() => {
      clearInterval(look);
      clearTimeout(end);
      resolve();
    });
    server.closeIdleConnections();
  });
}
