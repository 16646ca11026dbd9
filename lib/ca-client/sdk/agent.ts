/**
 * An `https.Agent` that connects with the certificate and the trust that an identity has at that moment. Connections
 * that are kept go on being used after a renewal: TLS looks at certificates when it connects.
 *
 * Keep: a connection to a server whose root is no longer trusted takes no further request; no session is resumed, since
 * a resumed one skips the look at the server's certificate.
 */
import { Agent, type AgentOptions, type RequestOptions } from 'node:https';
import type { Duplex } from 'node:stream';
import { createSecureContext, type SecureContext, TLSSocket } from 'node:tls';
import type { ServiceIdentity } from './identity.ts';
import type { TrustScope } from './trust.ts';

type Callback = Parameters<Agent['createConnection']>[1];

export class IdentityAgent extends Agent {
  readonly #identity: ServiceIdentity;
  readonly #trust: TrustScope;
  readonly #unfollow: () => void;
  /** Connections that must not be used again. */
  readonly #retired = new WeakSet<object>();
  #context: SecureContext | undefined;

  constructor(identity: ServiceIdentity, trust: TrustScope, options: AgentOptions = {}) {
    super({ keepAlive: true, ...options, maxCachedSessions: 0 });
    this.#identity = identity;
    this.#trust = trust;
    this.#unfollow = identity.follow((removed) => {
      this.#context = undefined;
      if (removed.length > 0) this.#retireUntrusted();
    });
  }

  override createConnection(options: RequestOptions, callback?: Callback) {
    this.#context ??= this.#createContext();
    const tls = { rejectUnauthorized: true, secureContext: this.#context };
    return super.createConnection(Object.assign({}, options, tls), callback);
  }

  /** Asked by Node when a request is done: whether the connection may serve another. */
  override keepSocketAlive(socket: Duplex): unknown {
    return !this.#retired.has(socket) && super.keepSocketAlive(socket); // a boolean, whatever the types say
  }

  override destroy(): void {
    this.#unfollow();
    super.destroy();
  }

  #createContext(): SecureContext {
    const { cert, key, ca } = this.#identity.tlsMaterial(this.#trust);
    return createSecureContext({ cert, key, ca: [...ca], minVersion: 'TLSv1.2' });
  }

  #retireUntrusted(): void {
    const isOver = (socket: unknown): socket is TLSSocket =>
      socket instanceof TLSSocket && !this.#identity.isStillTrusted(socket, this.#trust);
    for (const socket of Object.values(this.freeSockets).flatMap((sockets) => sockets ?? [])) {
      if (isOver(socket)) socket.destroy();
    }
    for (const socket of Object.values(this.sockets).flatMap((sockets) => sockets ?? [])) {
      if (isOver(socket)) this.#retired.add(socket);
    }
  }
}
