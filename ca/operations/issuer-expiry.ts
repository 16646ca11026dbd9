/**
 * Says in time that a certificate of the authority itself ends: nothing that it issued verifies after that, and the leaves
 * of its last days end with it. In the log every day, and for metrics as times.
 */
import type { Logger } from '../../lib/log/index.ts';
import type { Clock, EpochMs } from '../../lib/time/index.ts';
import type { Certificate } from '../../lib/x509/index.ts';

/** The certificates that an authority stands on; the issuing one is the first of its chain. */
export type AuthorityCertificates = {
  readonly chain: readonly Certificate[];
  readonly roots: readonly Certificate[];
};

/** What a metric shows of one certificate. */
export type CertificateEnd = {
  readonly role: 'issuer' | 'intermediate' | 'root';
  readonly subject: string;
  readonly notBefore: EpochMs;
  readonly notAfter: EpochMs;
};

const dayMs = 24 * 60 * 60 * 1000;
/** Time enough for a rollover of long-lived certificates; short-lived ones speak in the last third of their life. */
const soonMs = 30 * dayMs;
const soonShare = 1 / 3;

export const listEnds = ({ chain, roots }: AuthorityCertificates): CertificateEnd[] => [
  ...chain.map((certificate, index) => endOf(index === 0 ? 'issuer' : 'intermediate', certificate)),
  ...roots.map((certificate) => endOf('root', certificate)),
];

const endOf = (role: CertificateEnd['role'], { subject, notBefore, notAfter }: Certificate): CertificateEnd => ({
  role,
  subject: subject.text,
  notBefore,
  notAfter,
});

export const endsSoon = ({ notBefore, notAfter }: CertificateEnd, now: EpochMs): boolean =>
  notAfter - now <= Math.min(soonMs, (notAfter - notBefore) * soonShare);

/** One line in the log for each certificate that ends soon or has ended. */
export function warnOfEnds(
  certificates: AuthorityCertificates,
  { clock, logger }: { clock: Clock; logger: Logger },
): void {
  const now = clock.now();
  for (const end of listEnds(certificates)) {
    if (!endsSoon(end, now)) continue;
    const fields = {
      role: end.role,
      subject: end.subject,
      notAfter: new Date(end.notAfter).toISOString(),
      daysLeft: Math.max(0, Math.floor((end.notAfter - now) / dayMs)),
    };
    if (end.notAfter < now) logger.error('a certificate of this authority has ended', fields);
    else logger.warn('a certificate of this authority ends soon', fields);
  }
}

/** Warns every day until `signal` aborts; the certificates are asked for anew, a reload may have replaced them. */
export async function keepWarning(
  certificates: () => AuthorityCertificates,
  options: { readonly clock: Clock; readonly logger: Logger; readonly signal: AbortSignal },
): Promise<void> {
  const { clock, signal } = options;
  for (;;) {
    await clock.sleep(dayMs, signal);
    if (signal.aborted) return;
    warnOfEnds(certificates(), options);
  }
}
