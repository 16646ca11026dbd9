/** Answers of the core API: certificates as PEM inside JSON, or PEM alone. */
import { encodePem } from '../../lib/encoding/index.ts';
import type { Certificate } from '../../lib/x509/index.ts';
import type { TlsOptions } from '../config/index.ts';

export const certificatePem = ({ der }: Pick<Certificate, 'der'>): string => encodePem('CERTIFICATE', der);

/** The issuing chain goes out with every leaf. */
const pemOfIssuers = new WeakMap<Certificate, string>();

function issuerPem(issuer: Certificate): string {
  const known = pemOfIssuers.get(issuer) ?? certificatePem(issuer);
  pemOfIssuers.set(issuer, known);
  return known;
}

/** Answer of /sign, /renew and /rekey. Old clients read `crt` and `ca`, new ones `certChain`; none gets the root. */
export function renderIssued(leaf: Pick<Certificate, 'der'>, chain: readonly Certificate[], tlsOptions: TlsOptions) {
  const certChain = [certificatePem(leaf), ...chain.map(issuerPem)];
  return { crt: certChain[0], ca: certChain[1], certChain, tlsOptions };
}

export const renderCertificates = (certificates: readonly Certificate[]) => ({
  crts: certificates.map(certificatePem),
});

export const renderPemFile = (certificates: readonly Certificate[]): string =>
  certificates.map(certificatePem).join('');
