/**
 * One attempt to get the next certificate of a service, in the way that its present one allows: by mTLS while it is
 * valid; after that with a new token where the service can get one, else by a token signed with the key it has.
 */
import { parsePrivateKeyPem } from '../../crypto/index.ts';
import { isAppError } from '../../errors/index.ts';
import type { Clock } from '../../time/index.ts';
import type { SdkAuthority } from './authority.ts';
import { type Credential, makeRequest } from './credential.ts';
import { expiredForGood } from './errors.ts';
import type { TokenContent } from './token.ts';
import { openTrusted, rootPem, type Trust } from './trust.ts';

/** How the next certificate is asked for while the current one is valid: with a new key, or the same. */
export type RenewMethod = 'rekey' | 'renew';

export type RenewalPorts = {
  readonly authority: SdkAuthority;
  readonly clock: Pick<Clock, 'now'>;
  /** A token for the same names, for a service that can get one at any time. A secret. */
  readonly newToken?: (() => Promise<string>) | undefined;
};

export type Present = {
  readonly credential: Credential;
  readonly trust: Trust;
  /** What the first token was for. */
  readonly names: Pick<TokenContent, 'subject' | 'sans'>;
  readonly method: RenewMethod;
  /** The CA has refused to renew this certificate: revoked, or its provisioner is gone. */
  readonly refused: boolean;
};

/**
 * @throws {AppError} of the CA's client; ERR_SDK_EXPIRED (unauthenticated) when the certificate has ended and the CA
 *   refuses to renew it; ERR_SDK_CERTIFICATE (unavailable) when the new one is of no use. What `newToken` throws
 */
export async function requestCredential(ports: RenewalPorts, present: Present): Promise<Credential> {
  const { authority, clock, newToken } = ports;
  const { credential, trust, names, method, refused } = present;
  const roots = trust.roots.map(rootPem);
  const open = (chain: readonly string[], key = parsePrivateKeyPem(credential.keyPem)): Credential =>
    openTrusted(chain, key, trust, clock.now());
  const expired = credential.leaf.notAfter <= clock.now();

  if (newToken && (expired || refused)) {
    const { key, csrPem } = await makeRequest(names.subject, names.sans);
    return open(await authority.sign(roots, csrPem, await newToken()), key);
  }
  if (expired) {
    try {
      return open(await authority.renewExpired(roots, credential, clock.now()));
    } catch (error) {
      if (isAppError(error, 'ERR_CA_REFUSED') && error.kind === 'unauthenticated') throw expiredForGood(error);
      throw error;
    }
  }
  if (method === 'renew') return open(await authority.renew(roots, credential));
  const { key, csrPem } = await makeRequest(credential.leaf.commonName, []); // the CA keeps the names
  return open(await authority.rekey(roots, credential, csrPem), key);
}
