/** What clients ask of an authority under load: sign with a fresh token, renew with a client certificate. */
import { createSecureContext, type SecureContext } from 'node:tls';
import { encodePrivateKeyPem, generatePrivateKey } from '../../lib/crypto/index.ts';
import { encodePem } from '../../lib/encoding/index.ts';
import { createOneTimeToken } from '../../lib/jwk-provisioner/index.ts';
import { buildCertificateRequest } from '../../lib/x509/index.ts';
import { type Answer, type Connection, openConnection, renderRequest } from '../load/connection.ts';
import type { Worker } from '../load/loops.ts';
import type { Authority } from './servers.ts';

/** A connection for all requests of a worker, or one for each. */
export type Connecting = 'kept' | 'new';

const commonName = 'web.shop.svc.cluster.local';
/** Names of an ordinary pod. */
const sans = [commonName, 'web.shop.svc', 'web.shop', '10.0.0.1'];
const keyPoolSize = 64;

/** Requests are made ahead, so that the client's core is free while the server is measured. */
export class Signing {
  readonly #authority: Authority;
  readonly #csrs: readonly string[];
  #ready: Buffer[] = [];
  #made = 0;

  /** Use {@link createSigning}. */
  constructor(authority: Authority, csrs: readonly string[]) {
    this.#authority = authority;
    this.#csrs = csrs;
  }

  /** So many are at hand afterwards. */
  prepare(count: number): void {
    while (this.#ready.length < count) this.#ready.push(this.#make());
  }

  next = (): Buffer => this.#ready.pop() ?? this.#make();

  #make(): Buffer {
    const { port, provisionerKey } = this.#authority;
    const ott = createOneTimeToken(provisionerKey, {
      issuer: 'admin',
      audience: `https://localhost:${port}/1.0/sign`,
      subject: commonName,
      sans,
      now: Date.now(),
    });
    const csr = this.#csrs[this.#made++ % this.#csrs.length];
    return renderRequest('POST', '/1.0/sign', JSON.stringify({ csr, ott }));
  }
}

export async function createSigning(authority: Authority): Promise<Signing> {
  const csrs = await Promise.all(Array.from({ length: keyPoolSize }, async () => csrOf(await generatePrivateKey())));
  return new Signing(authority, csrs);
}

const csrOf = (key: Awaited<ReturnType<typeof generatePrivateKey>>): string =>
  encodePem('CERTIFICATE REQUEST', buildCertificateRequest({ commonName, sans, key }));

/** A secure context with a certificate of this authority. */
export async function enrolClient(authority: Authority, rootPem: string): Promise<SecureContext> {
  const key = await generatePrivateKey();
  const signing = new Signing(authority, [csrOf(key)]);
  const connection = await openConnection(authority.target);
  const { certChain } = JSON.parse((await signed(connection, signing.next())).body.toString()) as {
    certChain: string[];
  };
  connection.close();
  return createSecureContext({ ca: rootPem, cert: certChain.join(''), key: encodePrivateKeyPem(key) });
}

const renewal = renderRequest('POST', '/1.0/renew');

/** Workers that end when their loop ends; `close` gives up the kept connections. */
export type Crew = { readonly workers: readonly Worker[]; close(): void };

export async function signers(
  authority: Authority,
  signing: Signing,
  count: number,
  connecting: Connecting,
): Promise<Crew> {
  return crew(count, connecting, () => openConnection(authority.target), signing.next);
}

export async function renewers(
  authority: Authority,
  client: SecureContext,
  count: number,
  connecting: Connecting,
): Promise<Crew> {
  return crew(
    count,
    connecting,
    () => openConnection({ port: authority.port, secureContext: client }),
    () => renewal,
  );
}

async function crew(
  count: number,
  connecting: Connecting,
  open: () => Promise<Connection>,
  next: () => Buffer,
): Promise<Crew> {
  if (connecting === 'new') {
    const worker = async (): Promise<void> => {
      const connection = await open();
      await signed(connection, next());
      connection.close();
    };
    return { workers: Array.from({ length: count }, () => worker), close() {} };
  }
  const connections = await Promise.all(Array.from({ length: count }, open));
  return {
    workers: connections.map((connection) => async () => {
      await signed(connection, next());
    }),
    close() {
      for (const connection of connections) connection.close();
    },
  };
}

/** An answer that is no certificate would make a server look fast. */
async function signed(connection: Connection, request: Buffer): Promise<Answer> {
  const answer = await connection.exchange(request);
  if (answer.status !== 201) throw new Error(`answered ${answer.status}: ${answer.body.toString()}`);
  return answer;
}
