/**
 * The first certificate of a pod: root by fingerprint, key, CSR, token, signature. Pure apart from making the key: the
 * CA and the webhook are behind a port. One call is one attempt; when to try again is for the program to say.
 *
 * Keep: nothing is returned that was not checked to be a set: the chain leads to a root that the fingerprint vouches
 * for, and the key is the certificate's.
 */
import { type CertificateSet, checkCertificateSet } from '../certificate-files/index.ts';
import { encodePrivateKeyPem, generatePrivateKey } from '../crypto/index.ts';
import { encodePem, parseCertificatePem } from '../encoding/index.ts';
import { type AppError, isAppError } from '../errors/index.ts';
import type { Clock, EpochMs } from '../time/index.ts';
import { buildCertificateRequest } from '../x509/index.ts';
import type { PodSettings } from './environment.ts';
import { tokenMissing, tokenRefused, unusableCertificate } from './errors.ts';

/** A one-time token and what it is for. */
export type Grant = { readonly ott: string; readonly notAfter: string | undefined };

/** What a pod needs of the CA and the webhook to get its first certificate; PEM throughout. */
export interface Enroller {
  /** The root with the fingerprint that the pod was told. */
  fetchPinnedRoot(): Promise<string>;
  /** Every root of the CA, over a connection verified by `trustedPem`; waits for the answer so many milliseconds. */
  fetchRoots(trustedPem: string, timeoutMs?: number): Promise<readonly string[]>;
  /** A one-time token for this CSR, from the webhook, in exchange for proof of who the pod is. */
  requestGrant(trustedPem: string, csrPem: string): Promise<Grant>;
  /** @returns leaf, then intermediates */
  sign(trustedPem: string, csrPem: string, grant: Grant): Promise<readonly string[]>;
}

export type EnrolmentPorts = { readonly enroller: Enroller; readonly clock: Pick<Clock, 'now'> };

/** Remembers between attempts whether the one token there is may have been used. */
export type TokenMemory = { sent: boolean };

/**
 * @param knownRootsPem roots that were learned over verified connections; trusted instead of fetching the pinned one
 * @throws {AppError} ERR_TOKEN_MISSING, ERR_TOKEN_REFUSED (unauthenticated), ERR_ISSUED_CERTIFICATE (invalid), and those
 *   of lib/ca-client
 */
export async function enrol(
  { enroller, clock }: EnrolmentPorts,
  settings: PodSettings,
  memory: TokenMemory,
  knownRootsPem?: string,
): Promise<CertificateSet> {
  const { credential, commonName, sans } = settings;
  if (credential.kind === 'none') throw tokenMissing();
  const [key, trustedPem] = await Promise.all([generatePrivateKey(), knownRootsPem ?? enroller.fetchPinnedRoot()]);
  const csrPem = encodePem('CERTIFICATE REQUEST', buildCertificateRequest({ commonName, sans, key }));
  const grant =
    credential.kind === 'token'
      ? { ott: credential.ott, notAfter: settings.notAfter }
      : await enroller.requestGrant(trustedPem, csrPem);
  const chain = await signOnce(trustedPem, csrPem, {
    ...grant,
    notAfter: grant.notAfter ?? settings.notAfter,
  });
  return withCurrentRoots({ rootPem: trustedPem, chainPem: chain.join(''), keyPem: encodePrivateKeyPem(key) });

  async function signOnce(...request: Parameters<Enroller['sign']>): Promise<readonly string[]> {
    const spent = memory.sent && credential.kind === 'token';
    memory.sent = true;
    try {
      return await enroller.sign(...request);
    } catch (error) {
      if (isAppError(error) && error.kind === 'unauthenticated') throw tokenRefused(error, spent);
      throw error;
    }
  }

  async function withCurrentRoots(set: CertificateSet): Promise<CertificateSet> {
    const roots = await enroller.fetchRoots(trustedPem).catch(() => []); // the trusted ones are enough to begin with
    const complete = chooseRoots(set, [unitePem(trustedPem, roots.join('')), trustedPem], clock.now());
    if (complete.set) return complete.set;
    throw unusableCertificate(complete.problem);
  }
}

/** The set with the first of these roots that its chain leads to. */
export function chooseRoots(
  set: CertificateSet,
  candidates: readonly string[],
  now: EpochMs,
): { readonly set: CertificateSet; readonly problem?: never } | { readonly set?: never; readonly problem: string } {
  let problem = 'no roots';
  for (const rootPem of candidates) {
    const candidate = { ...set, rootPem };
    const check = checkCertificateSet(candidate, { commonName: '', sans: [] }, now);
    if (check.kind !== 'unusable') return { set: candidate };
    problem = check.problem;
  }
  return { problem };
}

/** All certificates of both texts, each once, in order. */
export function unitePem(first: string, second: string): string {
  const seen = new Set<string>();
  const ders = [first, second].flatMap((pem) => (pem.includes('BEGIN CERTIFICATE') ? parseCertificatePem(pem) : []));
  return ders
    .filter((der) => {
      const id = der.toString('base64');
      return !seen.has(id) && seen.add(id);
    })
    .map((der) => encodePem('CERTIFICATE', der))
    .join('');
}

/** Whether another attempt may succeed although nobody changed anything. */
export function isWorthRetrying(error: AppError, credential: PodSettings['credential']): boolean {
  if (error.kind === 'unavailable' || error.kind === 'rate-limited') return true;
  // The server's certificate is renewed by the server, and clocks get set.
  const { reason } = error.context;
  if (error.code === 'ERR_CA_UNTRUSTED') return reason === 'CERT_HAS_EXPIRED' || reason === 'CERT_NOT_YET_VALID';
  // The token was made a moment ago for us alone: the CA has been restarted since, or another replica is behind.
  return error.code === 'ERR_TOKEN_REFUSED' && credential.kind === 'service-account';
}
