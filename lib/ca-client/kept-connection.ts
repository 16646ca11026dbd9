/**
 * One TLS connection for all that a pod asks of its CA when it starts: three handshakes are most of what a start costs.
 * The root cannot be verified before it is there, so the connection begins unverified, carries the question for the
 * root, and is vouched for afterwards: the chain that the server showed in its handshake is verified against the root.
 *
 * Keep: a request that trusts roots goes over a connection that these very roots have verified, or over a new one which
 * Node verifies; in doubt the connection is dropped, and the new one says what is wrong.
 */
import type { X509Certificate } from 'node:crypto';
import { Agent } from 'node:https';
import { checkServerIdentity, TLSSocket } from 'node:tls';
import { type Certificate, parseCertificate, parseCertificateChainPem, verifyChain } from '../x509/index.ts';
import type { TlsIdentity } from './transport.ts';

/** Shorter than any server waits for the next request: one that closes meanwhile would lose us a token. */
const defaultMaxIdleMs = 3000;
/** More certificates than any server sends. */
const maxChainLength = 8;

/** Whatever the options of a request, there is one connection: which roots it is good for is judged here. */
class OneConnectionAgent extends Agent {
  override getName(): string {
    return 'ca';
  }
}

type Verdict = { readonly socket: TLSSocket; readonly verifiedBy: string | undefined; readonly usedAt: number };

/** For one server and for calls one after another. Holds no process up; {@link close} ends it. */
export class KeptConnection {
  readonly agent: Agent = new OneConnectionAgent({ keepAlive: true, maxSockets: 1, maxCachedSessions: 0 });
  readonly #maxIdleMs: number;
  #last: Verdict | undefined;

  constructor(maxIdleMs = defaultMaxIdleMs) {
    this.#maxIdleMs = maxIdleMs;
  }

  /** Before a request: drops the connection unless the request may use it. */
  prepare({ roots, clientCertificate }: TlsIdentity): void {
    const { socket, verifiedBy, usedAt = 0 } = this.#last ?? {};
    const verified = roots !== 'unverified' && verifiedBy === identify(roots);
    const alive = socket !== undefined && !socket.destroyed && performance.now() - usedAt <= this.#maxIdleMs;
    if (!alive || !verified || clientCertificate) this.close(); // nothing that was not recorded is ever used
  }

  /** After an answer: remembers what the connection was verified by. */
  record(socket: unknown, { roots }: TlsIdentity): void {
    if (!(socket instanceof TLSSocket)) return;
    const verifiedBy = roots === 'unverified' ? undefined : identify(roots);
    this.#last = { socket, verifiedBy, usedAt: performance.now() };
  }

  /**
   * Lets the connection carry requests that trust these roots, if its server's certificate leads to one of them and is
   * for this host name. Whether it was so.
   */
  vouch(roots: readonly string[], hostname: string): boolean {
    if (!this.#last) return false;
    const { socket } = this.#last;
    if (socket.destroyed || !isServerOf(socket, roots, hostname)) {
      this.close();
      return false;
    }
    this.#last = { socket, verifiedBy: identify(roots), usedAt: performance.now() };
    return true;
  }

  close(): void {
    this.#last?.socket.destroy();
    this.#last = undefined;
    this.agent.destroy();
  }
}

const identify = (roots: readonly string[]): string => roots.join('\n');

/** The handshake has proved that the server has the key of its leaf; here its chain and its names are judged. */
function isServerOf(socket: TLSSocket, roots: readonly string[], hostname: string): boolean {
  try {
    const shown = socket.getPeerX509Certificate();
    if (!shown || checkServerIdentity(hostname, shown.toLegacyObject()) !== undefined) return false;
    const [leaf, ...intermediates] = chainFrom(shown);
    if (!leaf) return false;
    verifyChain(leaf, intermediates, roots.flatMap(parseCertificateChainPem), Date.now(), { eku: 'serverAuth' });
    return true;
  } catch {
    return false; // the next connection is judged by Node, whose complaint is the one to show
  }
}

function chainFrom(leaf: X509Certificate): Certificate[] {
  const chain: Certificate[] = [];
  for (
    let next: X509Certificate | undefined = leaf;
    next && chain.length < maxChainLength;
    next = next.issuerCertificate
  ) {
    chain.push(parseCertificate(next.raw));
  }
  return chain;
}
