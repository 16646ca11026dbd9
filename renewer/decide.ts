/** What the renewer does next, from what is on the volume. Pure. */

import { jitterOf, pickRenewalTime, shortestPauseMs, type Validity } from '../lib/ca-client/index.ts';
import type { SetCheck } from '../lib/certificate-files/index.ts';
import type { EpochMs } from '../lib/time/index.ts';

export type RenewMethod = 'rekey' | 'renew';

export type Action =
  /** Nothing to do until then. */
  | { readonly kind: 'wait'; readonly until: EpochMs }
  /** A certificate from the CA by way of the current one. */
  | { readonly kind: RenewMethod }
  /** The current one has expired: a token signed with its key. */
  | { readonly kind: 'renew-expired' }
  /** From the beginning, as the init container does. */
  | { readonly kind: 'bootstrap' }
  /** Nothing is there to renew and there is no way to begin: somebody else must write a set. */
  | { readonly kind: 'look-again'; readonly problem: string };

export type Situation = {
  /** What is on the volume; undefined when no whole set is. */
  readonly check: SetCheck | undefined;
  readonly now: EpochMs;
  readonly method: RenewMethod;
  /** Service-account mode: the pod can prove who it is at any time. */
  readonly canBootstrap: boolean;
  /** A renewal was asked for by signal. */
  readonly forced: boolean;
  /** The CA has refused to renew the certificate that is there: revoked, or its provisioner is gone. */
  readonly refused: boolean;
  /** When the last renewal succeeded. */
  readonly renewedAt: EpochMs | undefined;
};

export function decideAction(situation: Situation): Action {
  const { check, now, method, canBootstrap, forced, refused, renewedAt } = situation;
  if (check === undefined || check.kind === 'unusable') {
    if (canBootstrap) return { kind: 'bootstrap' };
    return { kind: 'look-again', problem: check?.problem ?? 'root, certificate or key is missing or empty' };
  }
  if (check.kind === 'expired') return { kind: canBootstrap ? 'bootstrap' : 'renew-expired' };
  const { leaf } = check.opened;
  const due = renewalDue(leaf, renewedAt);
  if (now < due && !forced) return { kind: 'wait', until: due };
  return { kind: refused && canBootstrap ? 'bootstrap' : method };
}

/** When a certificate is to be renewed that came at `renewedAt` (undefined: before this program started). */
export function renewalDue(leaf: Validity & { readonly serial: bigint }, renewedAt: EpochMs | undefined): EpochMs {
  const due = pickRenewalTime(leaf, jitterOf(leaf.serial));
  return renewedAt === undefined ? due : Math.max(due, renewedAt + shortestPauseMs(leaf));
}
