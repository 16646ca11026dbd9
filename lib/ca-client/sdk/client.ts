/**
 * A client that calls servers over mutual TLS with the certificate of an identity. Certificate and trust change below
 * it: its agent and its `fetch` stay the same for its whole life.
 */
import type { Agent, AgentOptions } from 'node:https';
import { IdentityAgent } from './agent.ts';
import { type BootstrapOptions, bootstrapIdentity } from './enrol.ts';
import { createFetch, type MtlsFetch } from './fetch.ts';
import type { ServiceIdentity } from './identity.ts';
import type { TrustScope } from './trust.ts';

export type MtlsClientOptions = {
  /** Whose servers are trusted; those of the own CA only unless given. */
  readonly trust?: TrustScope | undefined;
  /** Anything else of node:https: connections per host, time-outs. Certificate, key and trust are the identity's. */
  readonly agent?: AgentOptions | undefined;
};

export type MtlsClient = {
  /** One request, as the global `fetch` does it; redirects are not followed. */
  readonly fetch: MtlsFetch;
  /** For everything that takes an agent of node:https. */
  readonly agent: Agent;
  readonly identity: ServiceIdentity;
  /** Ends every connection, and the identity. */
  close(): Promise<void>;
};

/**
 * Enrols with a one-time token.
 * @throws {AppError} as {@link bootstrapIdentity}
 */
export async function bootstrapClient(
  token: string,
  options: BootstrapOptions & MtlsClientOptions = {},
): Promise<MtlsClient> {
  const identity = await bootstrapIdentity(token, options);
  const client = createMtlsClient(identity, options);
  return {
    ...client,
    async close() {
      await client.close();
      await identity.close();
    },
  };
}

/** A client on an identity that may have other uses; `close` leaves the identity open. */
export function createMtlsClient(identity: ServiceIdentity, options: MtlsClientOptions = {}): MtlsClient {
  const agent = new IdentityAgent(identity, options.trust ?? 'roots', options.agent);
  let closed = false;
  return {
    fetch: createFetch(agent, () => closed),
    agent,
    identity,
    async close() {
      closed = true;
      agent.destroy();
    },
  };
}
