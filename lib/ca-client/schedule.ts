/** When a certificate is renewed, by the sidecar and by services that use the SDK. Pure. */
import { createHash } from 'node:crypto';
import type { EpochMs } from '../time/index.ts';

export type Validity = { readonly notBefore: EpochMs; readonly notAfter: EpochMs };

/** Two thirds of its life, less up to a twentieth: step-ca's own client does the same. */
const renewalShare = 2 / 3;
const jitterShare = 1 / 20;

/**
 * Picks the moment a leaf is renewed: two thirds into its life, less the jitter.
 *
 * @param jitter fraction 0 <= j < 1 of one twentieth of the life
 * @returns      epoch ms within the validity
 */
export function pickRenewalTime(validity: Validity, jitter: number): EpochMs {
  const life = validity.notAfter - validity.notBefore;
  return validity.notBefore + life * renewalShare - jitter * life * jitterShare;
}

/**
 * The jitter of a certificate, drawn from its random serial number: pods that got their certificates together renew
 * apart, and a renewer that is started again comes to the same moment.
 */
export function jitterOf(serial: bigint): number {
  return createHash('sha256').update(serial.toString()).digest().readUInt32BE(0) / 2 ** 32;
}

/**
 * The shortest time between two renewals that succeed. It matters when a certificate is due as soon as it comes: the
 * clock of the CA is behind ours, or most of a very short life has been dated back.
 */
export function shortestPauseMs({ notBefore, notAfter }: Validity): number {
  return Math.max(1000, (notAfter - notBefore) * jitterShare);
}

/** The longest pause between two attempts: short enough for many of them before a short certificate ends. */
export function longestRetryMs({ notBefore, notAfter }: Validity): number {
  return Math.min(5 * 60 * 1000, Math.max(1000, (notAfter - notBefore) * jitterShare));
}

/**
 * How long an answer to a renewal is waited for. A request to a replica that is gone is never answered: of a short life
 * there must be enough left to ask again.
 *
 * @returns milliseconds, 15 s for a life of two and a half minutes and more
 */
export function longestExchangeMs({ notBefore, notAfter }: Validity): number {
  return Math.min(15_000, Math.max(2000, (notAfter - notBefore) / 10));
}
