/**
 * The certificate of the CA's own listener: issued in this process by the CA itself, its key never on disk, renewed in
 * time without touching open connections.
 */
import type { KeyObject } from 'node:crypto';
import type { SecureContextOptions } from 'node:tls';
import { encodePrivateKeyPem, generatePrivateKey, publicKeyDer } from '../../lib/crypto/index.ts';
import { encodePem } from '../../lib/encoding/index.ts';
import type { Logger } from '../../lib/log/index.ts';
import { type Clock, type EpochMs, sleepUntil } from '../../lib/time/index.ts';
import { type Certificate, serialDecimal } from '../../lib/x509/index.ts';
import type { Authority } from '../authority/index.ts';
import { type CaConfig, nodeTlsOptions } from '../config/index.ts';
import { commonNameOfIssuer } from './errors.ts';

/** How late a clock that was set, or a machine that slept, is noticed: before clients see an expired certificate. */
const lookMs = 30_000;

export type ServerCertificate = { readonly secureContext: SecureContextOptions; readonly certificate: Certificate };

/**
 * A new key and a leaf for it, with everything else the listener's TLS needs. Client certificates are trusted when the
 * CA's own roots or intermediates issued them, so that a client may send its leaf alone.
 *
 * @throws {AppError} ERR_CA_COMMON_NAME (invalid), ERR_NAME_CONSTRAINTS (forbidden)
 */
export async function issueServerCertificate(authority: Authority, config: CaConfig): Promise<ServerCertificate> {
  const { chain, roots } = authority;
  if (config.commonName === chain[0].commonName) throw commonNameOfIssuer(config.commonName);
  const key: KeyObject = await generatePrivateKey();
  const certificate = authority.issueServerCertificate(
    config.commonName,
    publicKeyDer(key),
    config.serverCertificateMs,
  );
  const pem = ({ der }: Certificate): string => encodePem('CERTIFICATE', der);
  return {
    certificate,
    secureContext: {
      ...nodeTlsOptions(config.tls),
      cert: [certificate, ...chain].map(pem).join(''),
      key: encodePrivateKeyPem(key),
      ca: [...roots, ...chain].map(pem),
      allowPartialTrustChain: true, // an intermediate may be trusted although its root is not in `root` any more
    },
  };
}

/** As step-ca: a third of the life before its end, less up to a twentieth. */
export function pickServerRenewalTime({ notBefore, notAfter }: Certificate, random: number): EpochMs {
  const life = notAfter - notBefore;
  return notAfter - life / 3 - (life / 20) * random;
}

/**
 * Renews until `signal` aborts: `renew` makes and installs the next certificate. A failure is logged and tried again,
 * since the certificate in place still has hours to live.
 */
export async function keepServerCertificate(
  first: Certificate,
  renew: () => Promise<Certificate>,
  { clock, logger, signal, random }: { clock: Clock; logger: Logger; signal: AbortSignal; random: () => number },
): Promise<void> {
  let current = first;
  let due = pickServerRenewalTime(first, random());
  for (;;) {
    await sleepUntil(clock, due, lookMs, signal);
    if (signal.aborted) return;
    try {
      current = await renew();
      logger.info('server certificate renewed', { serial: serialDecimal(current) });
      due = pickServerRenewalTime(current, random());
    } catch (error) {
      logger.error('server certificate not renewed', { error });
      const life = current.notAfter - current.notBefore;
      due = clock.now() + (life / 40) * (1 + random()); // step-ca's retry: half of a twentieth, and as much jitter
    }
  }
}
