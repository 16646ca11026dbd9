/**
 * The webhook's own certificate: a new key and a new token each time, so that the first certificate, a renewal and the
 * recovery after an expiry are one path. The chain that comes back is verified before it is used.
 */
import { encodePrivateKeyPem, generatePrivateKey } from '../lib/crypto/index.ts';
import { encodePem } from '../lib/encoding/index.ts';
import type { EpochMs } from '../lib/time/index.ts';
import {
  buildCertificateRequest,
  buildRootCertificate,
  type Certificate,
  parseCertificateChainPem,
  verifyChain,
} from '../lib/x509/index.ts';
import type { CertificateAuthority } from './ports.ts';

/** Names of the webhook; the first is the common name. */
export type ServingNames = readonly [string, ...string[]];

export type ServingCertificate = {
  /** Leaf, then intermediates. */
  readonly chainPem: string;
  readonly keyPem: string;
  readonly notBefore: EpochMs;
  readonly notAfter: EpochMs;
  /** The earliest end among those above it in the chain: of every certificate that this CA issues. */
  readonly issuerNotAfter: EpochMs;
  /** The one of our roots that the chain leads to. */
  readonly root: Certificate;
};

/**
 * Asks for a certificate and checks that the API server will accept it.
 *
 * @param mint makes a token for these names, bound to the request
 * @throws {AppError} what the CA says; ERR_CHAIN_… when the answer does not lead to one of `roots`
 */
export async function requestServingCertificate(
  authority: CertificateAuthority,
  mint: (request: { subject: string; sans: readonly string[]; csrDer: Buffer }) => string,
  names: ServingNames,
  roots: readonly Certificate[],
  now: () => EpochMs,
): Promise<ServingCertificate> {
  const key = await generatePrivateKey();
  const [subject] = names;
  const csrDer = buildCertificateRequest({ commonName: subject, sans: names, key });
  const ott = mint({ subject, sans: names, csrDer });
  const issued = await authority.sign({ csr: encodePem('CERTIFICATE REQUEST', csrDer), ott });
  const chainPem = issued.chainPem.join('');
  const [leaf, ...intermediates] = parseCertificateChainPem(chainPem);
  if (!leaf) throw new TypeError('serving certificate: an issued chain is never empty');
  // The CA's clock may be a little ahead of ours, and what it issued now is valid now.
  const path = verifyChain(leaf, intermediates, roots, Math.max(now(), leaf.notBefore), { eku: 'serverAuth' });
  return {
    chainPem,
    keyPem: encodePrivateKeyPem(key),
    notBefore: leaf.notBefore,
    notAfter: leaf.notAfter,
    issuerNotAfter: Math.min(...path.slice(1).map((issuer) => issuer.notAfter)),
    root: path.at(-1) ?? leaf,
  };
}

/**
 * A self-signed stand-in until the CA has answered, so that the kubelet's probes, which verify nothing, can ask how we
 * are. Nobody trusts it.
 */
export async function makePlaceholderCertificate(
  [commonName]: ServingNames,
  now: EpochMs,
): Promise<{ readonly chainPem: string; readonly keyPem: string }> {
  const key = await generatePrivateKey();
  const validity = { notBefore: now - 3_600_000, notAfter: now + 365 * 86_400_000 };
  const der = buildRootCertificate({ subject: { commonName }, key, ...validity });
  return { chainPem: encodePem('CERTIFICATE', der), keyPem: encodePrivateKeyPem(key) };
}

/** However short the life: the CA is not asked more often. */
const minRenewalMs = 1_000;

/**
 * When to renew: two thirds into what is left of the life, up to one twentieth of it earlier, so that replicas do not
 * come together.
 *
 * @param random 0 <= random < 1
 */
export function pickRenewalTime(
  { from, notAfter }: { readonly from: EpochMs; readonly notAfter: EpochMs },
  random: number,
): EpochMs {
  const life = notAfter - from;
  return from + Math.max((life * 2) / 3 - (random * life) / 20, minRenewalMs);
}
