/**
 * Claims: what a provisioner may issue. Each one comes from the provisioner, else from the authority, else is built in.
 * A default that lies outside an inherited bound moves that bound, as in step-ca: setting only the default is enough.
 */
import { formatGoDuration } from '../../lib/time/index.ts';
import { claimsInvalid } from './errors.ts';

/** As configured; what is absent is inherited. Durations in milliseconds. */
export type ConfiguredClaims = {
  readonly minTLSCertDuration?: number | undefined;
  readonly maxTLSCertDuration?: number | undefined;
  readonly defaultTLSCertDuration?: number | undefined;
  readonly disableRenewal?: boolean | undefined;
  readonly allowRenewalAfterExpiry?: boolean | undefined;
  readonly disableSmallstepExtensions?: boolean | undefined;
};

/** Nothing is absent; 0 < min <= default <= max. */
export type Claims = {
  readonly minMs: number;
  readonly maxMs: number;
  readonly defaultMs: number;
  readonly disableRenewal: boolean;
  readonly allowRenewalAfterExpiry: boolean;
  readonly disableSmallstepExtensions: boolean;
};

const minuteMs = 60_000;

export const builtInClaims: Claims = {
  minMs: 5 * minuteMs,
  maxMs: 24 * 60 * minuteMs,
  defaultMs: 24 * 60 * minuteMs,
  disableRenewal: false,
  allowRenewalAfterExpiry: false,
  disableSmallstepExtensions: false,
};

/**
 * @param source whose claims these are, for the message
 * @throws {AppError} ERR_CA_CLAIMS (invalid) when the durations contradict each other
 */
export function resolveClaims(given: ConfiguredClaims, inherited: Claims, source: string): Claims {
  const defaultMs = given.defaultTLSCertDuration ?? inherited.defaultMs;
  const stretched = given.defaultTLSCertDuration;
  const claims: Claims = {
    minMs: given.minTLSCertDuration ?? Math.min(inherited.minMs, stretched ?? inherited.minMs),
    maxMs: given.maxTLSCertDuration ?? Math.max(inherited.maxMs, stretched ?? inherited.maxMs),
    defaultMs,
    disableRenewal: given.disableRenewal ?? inherited.disableRenewal,
    allowRenewalAfterExpiry: given.allowRenewalAfterExpiry ?? inherited.allowRenewalAfterExpiry,
    disableSmallstepExtensions: given.disableSmallstepExtensions ?? inherited.disableSmallstepExtensions,
  };
  requireOrder(claims, source);
  return claims;
}

function requireOrder({ minMs, defaultMs, maxMs }: Claims, source: string): void {
  const [min, standard, max] = [minMs, defaultMs, maxMs].map(formatGoDuration);
  if (minMs <= 0) throw claimsInvalid(source, 'minTLSCertDuration must be greater than 0');
  if (maxMs < minMs) {
    throw claimsInvalid(source, `maxTLSCertDuration ${max} cannot be less than minTLSCertDuration ${min}`);
  }
  if (defaultMs < minMs) {
    throw claimsInvalid(source, `defaultTLSCertDuration ${standard} cannot be less than minTLSCertDuration ${min}`);
  }
  if (maxMs < defaultMs) {
    throw claimsInvalid(source, `maxTLSCertDuration ${max} cannot be less than defaultTLSCertDuration ${standard}`);
  }
}
