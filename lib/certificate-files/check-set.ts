/**
 * Whether a set of files can be used: by a program that starts and finds one, and by the renewer before it writes a
 * new one. Pure. A set that cannot be used is told, not thrown: it is an expected state of a volume.
 */
import type { KeyObject } from 'node:crypto';
import { isSamePublicKey, parsePrivateKeyPem } from '../crypto/index.ts';
import { describeError } from '../errors/index.ts';
import type { EpochMs } from '../time/index.ts';
import {
  type Certificate,
  fingerprint,
  groupSans,
  listSans,
  parseCertificateChainPem,
  verifyChain,
} from '../x509/index.ts';
import type { CertificateSet } from './paths.ts';

/** What the set must be for. */
export type SetRequirements = {
  /** Common name; not looked at when empty, or when the certificate has none. */
  readonly commonName: string;
  /** Every one of these must be in the certificate, which may have more (a template of the CA may add names). */
  readonly sans: readonly string[];
  /** SHA-256 of a root that must be among the roots of the set; any when absent. */
  readonly rootFingerprint?: string | undefined;
};

/** The parsed parts of a set whose parts belong together. */
export type OpenedSet = {
  readonly leaf: Certificate;
  readonly intermediates: readonly Certificate[];
  readonly roots: readonly Certificate[];
  readonly key: KeyObject;
};

export type SetCheck =
  /** `fresh`: more than a third of its life is left; `ageing`: less; `expired`: none. */
  | { readonly kind: 'fresh' | 'ageing' | 'expired'; readonly opened: OpenedSet }
  | { readonly kind: 'unusable'; readonly problem: string };

/**
 * The part of its life that a certificate must have left to be kept by a program that starts. Renewal is due at two
 * thirds: one with less than a third left has missed it, so that nobody can be counted on to renew it in time.
 */
const freshShare = 1 / 3;

/** Judges the set at a moment. Certificates from the future are `fresh`: a new one would be no less from the future. */
export function checkCertificateSet(set: CertificateSet, wanted: SetRequirements, now: EpochMs): SetCheck {
  let opened: OpenedSet;
  try {
    opened = openCertificateSet(set);
  } catch (error) {
    return { kind: 'unusable', problem: describeError(error) };
  }
  const { leaf, intermediates, roots, key } = opened;
  const problem =
    (isSamePublicKey(key, leaf.publicKey) ? undefined : 'the key is not that of the certificate') ??
    findNameProblem(leaf, wanted) ??
    findRootProblem(roots, wanted.rootFingerprint);
  if (problem) return { kind: 'unusable', problem };
  try {
    // Whether the leaf is in date is looked at below; here its whole path counts, at a time within its life.
    verifyChain(leaf, intermediates, roots, Math.min(Math.max(now, leaf.notBefore), leaf.notAfter));
  } catch (error) {
    return { kind: 'unusable', problem: describeError(error) };
  }
  const left = leaf.notAfter - now;
  if (left <= 0) return { kind: 'expired', opened };
  return { kind: left > (leaf.notAfter - leaf.notBefore) * freshShare ? 'fresh' : 'ageing', opened };
}

/** @throws {AppError} ERR_PEM, ERR_DER, ERR_CERTIFICATE, ERR_PUBLIC_KEY, ERR_KEY_FORMAT, ERR_KEY_PASSWORD (invalid) */
export function openCertificateSet(set: CertificateSet): OpenedSet {
  const [leaf, ...intermediates] = parseCertificateChainPem(set.chainPem);
  if (!leaf) throw new TypeError('a chain is never empty');
  return {
    leaf,
    intermediates,
    roots: parseCertificateChainPem(set.rootPem),
    key: parsePrivateKeyPem(set.keyPem),
  };
}

function findNameProblem(leaf: Certificate, wanted: SetRequirements): string | undefined {
  if (wanted.commonName !== '' && leaf.commonName !== '' && leaf.commonName !== wanted.commonName) {
    return `the certificate is for ${JSON.stringify(leaf.commonName)}, not for ${JSON.stringify(wanted.commonName)}`;
  }
  const present = new Set(listSans(leaf.sans).map(canonical));
  const missing = listSans(groupSans(wanted.sans)).find((name) => !present.has(canonical(name)));
  return missing === undefined ? undefined : `the certificate lacks the name ${JSON.stringify(missing)}`;
}

/** Names of hosts have no case (RFC 4343); for the other kinds this only keeps a set that could be replaced. */
const canonical = (name: string): string => name.toLowerCase();

function findRootProblem(roots: readonly Certificate[], wanted: string | undefined): string | undefined {
  if (wanted === undefined || roots.some(({ der }) => fingerprint(der) === wanted)) return undefined;
  return 'the root with the expected fingerprint is not among the roots';
}
