/**
 * Finds the JWK provisioner whose key makes our tokens, as upstream: by name, and by key id where one is given; of
 * several with that name, the first whose encrypted key our password opens.
 */
import type { ListedProvisioner } from '../lib/ca-client/index.ts';
import { decryptProvisionerKey, type ProvisionerKey } from '../lib/jwk-provisioner/index.ts';
import { tryParseGoDuration } from '../lib/time/index.ts';
import { provisionerNotFound } from './errors.ts';
import type { CertificateAuthority } from './ports.ts';

/** Which provisioner is wanted (PROVISIONER_NAME, PROVISIONER_KID). */
export type WantedProvisioner = { readonly name: string; readonly kid: string | undefined };

/** A JWK provisioner as listed; without `encryptedKey` the CA may still hand it out by kid. */
export type JwkCandidate = {
  readonly name: string;
  readonly kid: string;
  readonly encryptedKey: string | undefined;
  /** Undefined where the provisioner sets none: then the defaults of its CA hold, which a CA does not tell. */
  readonly lifetimes: Lifetimes | undefined;
};

/** Shortest and longest life of a certificate. */
export type Lifetimes = { readonly minMs: number; readonly maxMs: number };

/**
 * The provisioners that may be meant, in the CA's order.
 *
 * @throws {AppError} ERR_PROVISIONER_NOT_FOUND (not-found), naming those that are there
 */
export function selectProvisioners(
  listed: readonly ListedProvisioner[],
  wanted: WantedProvisioner,
): readonly JwkCandidate[] {
  const all = listed.flatMap(asJwkCandidate);
  const found = all.filter(({ name, kid }) => name === wanted.name && (wanted.kid ?? kid) === kid);
  if (found.length > 0) return found;
  const present = all.map(({ name }) => name);
  throw provisionerNotFound(wanted.name, wanted.kid, present);
}

function asJwkCandidate({ type, name, key, encryptedKey, claims }: ListedProvisioner): JwkCandidate[] {
  const kid = typeof key === 'object' && key !== null && 'kid' in key ? key.kid : undefined;
  if (type !== 'JWK' || typeof name !== 'string' || typeof kid !== 'string') return [];
  const jwe = typeof encryptedKey === 'string' && encryptedKey !== '' ? encryptedKey : undefined;
  return [{ name, kid, encryptedKey: jwe, lifetimes: readLifetimes(claims) }];
}

function readLifetimes(claims: unknown): Lifetimes | undefined {
  const duration = (name: string): number | undefined => {
    const text = typeof claims === 'object' && claims !== null ? Reflect.get(claims, name) : undefined;
    return typeof text === 'string' ? tryParseGoDuration(text) : undefined;
  };
  const [minMs, maxMs] = [duration('minTLSCertDuration'), duration('maxTLSCertDuration')];
  return minMs === undefined || maxMs === undefined ? undefined : { minMs, maxMs };
}

/**
 * Decrypts the first candidate that the password opens.
 *
 * @throws {AppError} ERR_PROVISIONER_PASSWORD (of the last one), or what the CA said when asked for a key
 */
export async function openProvisionerKey(
  authority: CertificateAuthority,
  candidates: readonly JwkCandidate[],
  password: string,
): Promise<ProvisionerKey> {
  let failure: unknown;
  for (const { kid, encryptedKey } of candidates) {
    try {
      return await decryptProvisionerKey(encryptedKey ?? (await authority.encryptedKey(kid)), password);
    } catch (error) {
      failure = error; // another of the same name may be ours
    }
  }
  throw failure;
}
