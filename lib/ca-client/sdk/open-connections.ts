/** Whether connections that are open would still be accepted under other roots. No IO beyond reading the socket. */
import type { DetailedPeerCertificate, TLSSocket } from 'node:tls';
import type { EpochMs } from '../../time/index.ts';
import { type Certificate, parseCertificate } from '../../x509/index.ts';
import { leadsTo } from './trust.ts';

/** The longest chain that TLS libraries take. */
const longestChain = 10;

/** False when the peer's certificate led only to roots that are not among these. True for a peer without one. */
export function isStillTrusted(socket: TLSSocket, roots: readonly Certificate[], now: EpochMs): boolean {
  const [leaf, ...intermediates] = chainOf(socket);
  return leaf === undefined || leadsTo({ leaf, intermediates }, roots, now);
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
