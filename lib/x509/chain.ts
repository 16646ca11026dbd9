/**
 * Path validation (RFC 5280 6.1) at a time of the caller's choice: signatures, times, CA flags, path lengths, key
 * usages, extended key usages down the chain, name constraints, unknown critical extensions. No revocation, no
 * certificate policies.
 *
 * Keep: the search is bounded, since the certificates come from the peer.
 */
import { isAppError } from '../errors/index.ts';
import type { EpochMs } from '../time/index.ts';
import type { Certificate } from './certificate.ts';
import { chainNames, chainTime, chainUntrusted, chainUsage } from './errors.ts';
import { findNameConstraintProblem } from './name-constraints.ts';
import { oids } from './oids.ts';
import { verifyData } from './signature.ts';
import { listSans } from './subject-alt-name.ts';

export type ChainOptions = {
  /** Usage that the leaf, and every CA that limits its usages, must allow. */
  readonly eku?: 'serverAuth' | 'clientAuth';
};

/** More CA certificates above a leaf than any real hierarchy has. */
const maxDepth = 8;
/** Signature checks per chain: cross-signed sets stay far below, hostile ones must end. */
const maxChecks = 64;

/** Whether `parent`'s key signed `child`, and `child` names `parent` as its issuer. Judges nothing else. */
export function verifyIssuedBy(child: Certificate, parent: Certificate): boolean {
  if (!child.issuerDer.equals(parent.subjectDer) || !child.signatureAlgorithm) return false;
  try {
    return verifyData(child.tbsDer, child.signature, parent.publicKey, child.signatureAlgorithm);
  } catch (error) {
    if (isAppError(error, 'ERR_PUBLIC_KEY')) return false; // a key that is none has signed nothing
    throw error;
  }
}

/**
 * The path from the leaf to one of the roots, both included.
 *
 * @throws {AppError} ERR_CHAIN_UNTRUSTED, ERR_CHAIN_EXPIRED, ERR_CHAIN_NOT_YET_VALID, ERR_CHAIN_USAGE,
 *   ERR_CHAIN_NAMES (all unauthenticated). With several candidate paths, the complaint about the first that reached a
 *   root.
 */
export function verifyChain(
  leaf: Certificate,
  intermediates: readonly Certificate[],
  roots: readonly Certificate[],
  at: EpochMs,
  options: ChainOptions = {},
): Certificate[] {
  const isRoot = new Set(roots.map(({ der }) => der.toString('hex')));
  let checks = 0;
  let complaint: unknown;

  const search = (path: readonly Certificate[]): Certificate[] | undefined => {
    const last = path.at(-1) ?? leaf;
    if (isRoot.has(last.der.toString('hex'))) {
      try {
        requireValidPath(path, at, options);
        return [...path];
      } catch (error) {
        complaint ??= error; // another path may be valid
        return undefined;
      }
    }
    if (path.length > maxDepth) return undefined;
    for (const candidate of [...roots, ...intermediates]) {
      if (path.some(({ der }) => der.equals(candidate.der)) || !last.issuerDer.equals(candidate.subjectDer)) continue;
      if (++checks > maxChecks) return undefined;
      if (!verifyIssuedBy(last, candidate)) continue;
      const found = search([...path, candidate]);
      if (found) return found;
    }
    return undefined;
  };

  const found = search([leaf]);
  if (found) return found;
  throw complaint ?? chainUntrusted(displayName(leaf), 'is not issued by a trusted root');
}

/** `path`: leaf first, root last, each signed by the next. */
function requireValidPath(path: readonly Certificate[], at: EpochMs, options: ChainOptions): void {
  for (const [depth, certificate] of path.entries()) {
    requireValidAt(certificate, at);
    requireKnownExtensions(certificate);
    if (depth > 0) requireAuthority(certificate, path.slice(1, depth));
    if (options.eku) requireUsage(certificate, options.eku);
  }
  const [leaf, ...issuers] = path;
  const problem = leaf && findNameConstraintProblem(issuers, leaf.sans);
  if (leaf && problem) throw chainNames(displayName(leaf), problem);
}

function requireValidAt(certificate: Certificate, at: EpochMs): void {
  if (at < certificate.notBefore) throw chainTime(displayName(certificate), true);
  // notAfter is inclusive and counts whole seconds
  if (at >= certificate.notAfter + 1000) throw chainTime(displayName(certificate), false);
}

const understood: ReadonlySet<string> = new Set([
  oids.keyUsage,
  oids.extendedKeyUsage,
  oids.basicConstraints,
  oids.subjectAltName,
  oids.nameConstraints,
  oids.subjectKeyIdentifier,
  oids.authorityKeyIdentifier,
  oids.certificatePolicies, // any policy will do, so none has to be compared (RFC 5280 6.1.1)
  oids.provisioner,
]);

function requireKnownExtensions(certificate: Certificate): void {
  const unknown = certificate.extensions.find(({ oid, critical }) => critical && !understood.has(oid));
  if (unknown) throw chainUsage(displayName(certificate), `has the unknown critical extension ${unknown.oid}`);
  const constraints = certificate.extensions.find(({ oid }) => oid === oids.nameConstraints);
  if (constraints?.critical && certificate.nameConstraints?.hasOtherKinds) {
    throw chainUsage(displayName(certificate), 'has critical name constraints of a kind that is not checked here');
  }
}

function requireAuthority(certificate: Certificate, below: readonly Certificate[]): void {
  const name = displayName(certificate);
  if (!certificate.isCa) throw chainUsage(name, 'is not a certificate authority');
  if (certificate.keyUsage?.includes('certSign') === false) throw chainUsage(name, 'may not sign certificates');
  // RFC 5280 4.2.1.9: certificates issued to oneself do not count
  const counted = below.filter(({ subjectDer, issuerDer }) => !subjectDer.equals(issuerDer)).length;
  if (certificate.pathLength !== undefined && counted > certificate.pathLength) {
    throw chainUsage(name, `allows ${certificate.pathLength} authorities below it, not ${counted}`);
  }
}

function requireUsage(certificate: Certificate, usage: 'serverAuth' | 'clientAuth'): void {
  const allowed = certificate.extendedKeyUsage;
  if (!allowed || allowed.includes(oids[usage]) || allowed.includes(oids.anyExtendedKeyUsage)) return;
  throw chainUsage(displayName(certificate), `may not be used for ${usage}`);
}

/** What a reader recognises a certificate by. */
function displayName(certificate: Certificate): string {
  return certificate.commonName || listSans(certificate.sans)[0] || certificate.subject.text;
}
