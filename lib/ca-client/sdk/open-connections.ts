/**
 * Whether connections that are open would still be accepted under other roots. No IO beyond reading the socket.
 *
 * Node 24.21 shows a server only the leaf of its client, not what the client sent after it (nodejs/node#65579). Then
 * only clients under our own intermediates can be recognised; for all others the answer is no, and they connect anew.
 */
import type { DetailedPeerCertificate, TLSSocket } from 'node:tls';
import type { EpochMs } from '../../time/index.ts';
import { type Certificate, parseCertificate } from '../../x509/index.ts';
import { leadsTo } from './trust.ts';

/** The longest chain that TLS libraries take. */
const longestChain = 10;

/**
 * False when the peer's certificate leads to none of these roots, as far as can be seen. True for a peer without one.
 * @param known intermediates that complete what the peer sent
 */
export function isStillTrusted(
  socket: TLSSocket,
  roots: readonly Certificate[],
  known: readonly Certificate[],
  now: EpochMs,
): boolean {
  const [leaf, ...sent] = chainOf(socket);
  return leaf === undefined || leadsTo({ leaf, intermediates: [...sent, ...known] }, roots, now);
}

/** What the peer sent, with what OpenSSL added to complete it. */
function chainOf(socket: TLSSocket): Certificate[] {
  const chain: Certificate[] = [];
  let next: DetailedPeerCertificate | undefined = socket.getPeerCertificate(true);
  while (next?.raw && chain.length < longestChain) {
    const { raw, issuerCertificate }: DetailedPeerCertificate = next;
    chain.push(parseCertificate(raw));
    if (issuerCertificate === next) break; // a root is its own issuer
    next = issuerCertificate;
  }
  return chain;
}
