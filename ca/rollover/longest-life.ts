/** The longest life that a leaf of this CA can have: how long the steps of a rollover lie apart. Pure. */
import { type CaConfig, claimsSchema } from '../config/index.ts';

/** step-ca's maximum unless configured. */
const builtInMaximumMs = 24 * 60 * 60 * 1000;

/** Milliseconds. Claims that cannot be read count as absent: their provisioner issues nothing. */
export function longestLifeMs({ claims, provisioners }: Pick<CaConfig, 'claims' | 'provisioners'>): number {
  const ofProvisioners = provisioners.flatMap((provisioner) => {
    const parsed = claimsSchema.nullish().safeParse(provisioner.claims);
    return parsed.success && parsed.data ? [parsed.data] : [];
  });
  // a default beyond the maximum moves the maximum
  const limits = [claims, ...ofProvisioners].flatMap((given) => [
    given.maxTLSCertDuration ?? 0,
    given.defaultTLSCertDuration ?? 0,
  ]);
  return Math.max(claims.maxTLSCertDuration ?? builtInMaximumMs, ...limits);
}
