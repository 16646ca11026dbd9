/**
 * HTTPS server for fastify's `serverFactory`, with the manners of Go's net/http that peers of step-ca know:
 * client certificates "verify if given", and an answer in clear to plain HTTP on the TLS port.
 *
 * A connection passes three stages: its first bytes are looked at (TLS or not), the handshake, the requests. Each has
 * its own time limit, and a connection is counted from its first packet.
 *
 * Keep: a connection with a client certificate that does not verify never reaches a request handler, whatever the path;
 * and a connection's certificate never changes.
 */
import { constants } from 'node:crypto';
import { createServer, type Server } from 'node:https';
import type { Socket } from 'node:net';
import type { SecureContextOptions, TLSSocket } from 'node:tls';
import { defaultServerLimits, type ServerLimits } from './limits.ts';

/**
 * `none` never asks; `if-given` serves clients without a certificate and refuses one that does not verify (Go's
 * VerifyClientCertIfGiven, which Node lacks); `required` refuses clients without.
 */
export type ClientAuthentication = 'none' | 'if-given' | 'required';

export type TlsServerOptions = {
  /** Certificate, key, versions, suites, and `ca` for client certificates. */
  readonly secureContext: SecureContextOptions;
  readonly clientAuthentication?: ClientAuthentication;
  readonly limits?: Partial<ServerLimits>;
};

/** Open connections of each server, so that a stop can end those that never finished a handshake. */
const connectionsOf = new WeakMap<Server, Set<Socket>>();

/** A server that does not listen yet; add a `request` listener, then {@link listen}. */
export function createTlsServer(options: TlsServerOptions): Server {
  const limits = { ...defaultServerLimits, ...options.limits };
  const clientAuthentication = options.clientAuthentication ?? 'none';
  const server = createServer({
    ...oneHandshake(options.secureContext),
    requestCert: clientAuthentication !== 'none',
    rejectUnauthorized: clientAuthentication === 'required',
    ALPNProtocols: ['http/1.1'],
    handshakeTimeout: limits.handshakeTimeoutMs,
    headersTimeout: limits.headersTimeoutMs,
    requestTimeout: limits.requestTimeoutMs,
    keepAliveTimeout: limits.idleTimeoutMs,
    maxHeaderSize: limits.maxHeaderBytes,
    connectionsCheckingInterval: 1000,
  });
  trackConnections(server, limits.maxConnections);
  answerPlainHttp(server, limits.handshakeTimeoutMs);
  if (clientAuthentication === 'if-given') refuseUnverifiedCertificates(server);
  server.on('tlsClientError', () => {}); // a failed handshake is the client's business; its socket is already gone
  return server;
}

/**
 * Changes certificate, key and trust for connections that come from now on; open ones keep what they have. Takes the
 * whole context, as {@link createTlsServer} does.
 */
export function replaceSecureContext(server: Server, secureContext: SecureContextOptions): void {
  server.setSecureContext(oneHandshake(secureContext));
}

/** Sockets of a server, those in the middle of a handshake included. */
export const openConnections = (server: Server): ReadonlySet<Socket> => connectionsOf.get(server) ?? new Set();

/**
 * One full handshake for each connection, whose verdict on the client's certificate holds as long as it does. A
 * resumed session would carry the verdict past the certificate's expiry, and past a change of the trusted issuers. A
 * renegotiation (TLS 1.2) would put another certificate into its place, which Node does not verify: with it, anybody
 * could renew anybody's certificate. Go's servers allow none either.
 */
function oneHandshake(secureContext: SecureContextOptions): SecureContextOptions {
  const never = constants.SSL_OP_NO_TICKET | constants.SSL_OP_NO_RENEGOTIATION;
  return { ...secureContext, secureOptions: (secureContext.secureOptions ?? 0) | never };
}

/**
 * A full server gives up the connection that has been without a handshake for longest, else those that wait between
 * requests: whoever only holds connections open cannot keep others out.
 */
function trackConnections(server: Server, maxConnections: number): void {
  const sockets = new Set<Socket>();
  const beforeHandshake = new Map<string, Socket>();
  connectionsOf.set(server, sockets);
  const forget = (socket: Socket, address: string): void => {
    sockets.delete(socket);
    if (beforeHandshake.get(address) === socket) beforeHandshake.delete(address);
  };
  server.on('secureConnection', (socket) => beforeHandshake.delete(clientAddress(socket)));
  server.prependListener('connection', (socket: Socket) => {
    const address = clientAddress(socket);
    if (sockets.size >= maxConnections) {
      const [oldest] = beforeHandshake;
      if (!oldest) {
        server.closeIdleConnections();
        socket.destroy();
        return;
      }
      oldest[1].destroy();
      forget(oldest[1], oldest[0]);
    }
    sockets.add(socket);
    beforeHandshake.set(address, socket);
    socket.once('close', () => forget(socket, address));
  });
}

const clientAddress = ({ remoteAddress, remotePort }: Socket): string => `${remoteAddress}|${remotePort}`;

const plainHttpAnswer = 'HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n';

/** Start of a request line, as far as five bytes show it. The same test as Go's. */
const plainHttpStarts = new Set(['GET /', 'HEAD ', 'POST ', 'PUT /', 'OPTIO', 'DELET', 'PATCH']);
const tlsHandshakeRecord = 0x16;

/** Looks at the first bytes before TLS does: Node would only reset the connection. */
function answerPlainHttp(server: Server, timeoutMs: number): void {
  const [, ...toTls] = server.listeners('connection') as ((this: Server, socket: Socket) => void)[];
  for (const listener of toTls) server.removeListener('connection', listener);
  const startTls = (socket: Socket): void => {
    for (const listener of toTls) listener.call(server, socket);
  };
  server.on('connection', (socket: Socket) => {
    const giveUp = setTimeout(() => socket.destroy(), timeoutMs);
    const destroyOnError = (): void => {
      socket.destroy();
    };
    let start: Buffer = Buffer.alloc(0);
    const look = (): void => {
      const chunk: Buffer | null = socket.read();
      if (chunk === null) return; // the end of the stream, or not a byte yet
      start = start.length === 0 ? chunk : Buffer.concat([start, chunk]);
      const isTls = start[0] === tlsHandshakeRecord;
      if (!isTls && start.length < 5) return;
      socket.removeListener('readable', look);
      if (!isTls && plainHttpStarts.has(start.subarray(0, 5).toString('latin1'))) {
        socket.end(plainHttpAnswer, () => socket.destroy());
        return;
      }
      clearTimeout(giveUp);
      socket.removeListener('error', destroyOnError);
      socket.unshift(start);
      startTls(socket);
    };
    socket.on('error', destroyOnError);
    socket.once('close', () => clearTimeout(giveUp));
    socket.once('end', () => socket.destroy());
    socket.on('readable', look);
  });
}

/** Under TLS 1.3 the client sees a reset after the handshake instead of an alert: it takes both for a refused call. */
function refuseUnverifiedCertificates(server: Server): void {
  const toHttp = server.listeners('secureConnection') as ((this: Server, socket: TLSSocket) => void)[];
  server.removeAllListeners('secureConnection');
  server.on('secureConnection', (socket: TLSSocket) => {
    if (!socket.authorized && socket.getPeerX509Certificate() !== undefined) {
      socket.destroy();
      return;
    }
    for (const listener of toHttp) listener.call(server, socket);
  });
}
