/**
 * Which roots a service trusts, as its CA tells at each renewal: the CA's own, and those of the CAs it is federated
 * with. Pure.
 *
 * Keep: what the CA no longer lists is no longer trusted, with one exception: a root of its own that our certificate
 * still leads to stays, since without it the next renewal could not reach the CA.
 */
import type { KeyObject } from 'node:crypto';
import { encodePem } from '../../encoding/index.ts';
import type { EpochMs } from '../../time/index.ts';
import { type Certificate, fingerprint, parseCertificateChainPem, verifyChain } from '../../x509/index.ts';
import { type Credential, openCredential } from './credential.ts';
import { certificateUnusable } from './errors.ts';

/** Whose certificates to accept: those of the own CA, or also those of the CAs it is federated with. */
export type TrustScope = 'roots' | 'federation';

/** Each root once; `federation` holds those of `roots` too. */
export type Trust = Readonly<Record<TrustScope, readonly Certificate[]>>;

/** What the CA answered, PEM. */
export type ListedRoots = Readonly<Record<TrustScope, readonly string[]>>;

export type TrustDecision = {
  readonly trust: Trust;
  /** Roots that the CA does not list any more and that are kept, since our certificate leads to no other. */
  readonly kept: readonly Certificate[];
  /** Listed certificates that cannot be read, which are left out. */
  readonly unreadable: number;
};

/** @param before what was trusted until now */
export function decideTrust(listed: ListedRoots, before: Trust, credential: Credential, now: EpochMs): TrustDecision {
  const own = readRoots(listed.roots);
  const federated = readRoots(listed.federation);
  const dropped = without(before.roots, own.roots);
  const kept = leadsTo(credential, own.roots, now)
    ? []
    : dropped.filter((root) => leadsTo(credential, [...own.roots, root], now));
  const roots = unique([...own.roots, ...kept]);
  return {
    trust: { roots, federation: unique([...roots, ...federated.roots]) },
    kept,
    unreadable: own.unreadable + federated.unreadable,
  };
}

/** Whether the chain ends at one of these roots, judged at a time within the life of the leaf. */
export function leadsTo(
  { leaf, intermediates }: Pick<Credential, 'leaf' | 'intermediates'>,
  roots: readonly Certificate[],
  now: EpochMs,
): boolean {
  try {
    verifyChain(leaf, intermediates, roots, Math.min(Math.max(now, leaf.notBefore), leaf.notAfter));
    return true;
  } catch {
    return false; // whatever the reason: this chain gives no trust
  }
}

/**
 * An issued chain with its key, checked to be of use.
 * @throws {AppError} ERR_SDK_CERTIFICATE (unavailable)
 */
export function openTrusted(chain: readonly string[], key: KeyObject, trust: Trust, now: EpochMs): Credential {
  const credential = openCredential(chain, key);
  if (leadsTo(credential, trust.roots, now)) return credential;
  throw certificateUnusable(new Error('it leads to no root of the CA'));
}

/** Those of `first` that are not in `second`. */
export function without(first: readonly Certificate[], second: readonly Certificate[]): Certificate[] {
  const known = new Set(second.map(({ der }) => fingerprint(der)));
  return first.filter(({ der }) => !known.has(fingerprint(der)));
}

export const rootPem = ({ der }: Certificate): string => encodePem('CERTIFICATE', der);

/** A root in a form that is not understood must not keep the others from being trusted. */
function readRoots(pems: readonly string[]): { readonly roots: Certificate[]; readonly unreadable: number } {
  const roots: Certificate[] = [];
  for (const pem of pems) {
    try {
      roots.push(...parseCertificateChainPem(pem));
    } catch {
      // counted below
    }
  }
  return { roots, unreadable: pems.length - roots.length };
}

function unique(certificates: readonly Certificate[]): Certificate[] {
  return [...new Map(certificates.map((certificate) => [fingerprint(certificate.der), certificate])).values()];
}
