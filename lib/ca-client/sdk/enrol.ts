/** From a one-time token to an identity that keeps itself fresh. */
import type { Logger } from '../../log/index.ts';
import type { Clock } from '../../time/index.ts';
import { connectAuthority } from './authority.ts';
import { backgroundClock } from './background-clock.ts';
import { makeRequest, openCredential } from './credential.ts';
import { type IdentityPorts, ServiceIdentity } from './identity.ts';
import type { RenewMethod } from './request-credential.ts';
import { readToken, type TokenContent } from './token.ts';
import { decideTrust, openTrusted, type Trust } from './trust.ts';

export type BootstrapOptions = {
  /** Address of the CA, when it is another than the token says. */
  readonly caUrl?: string | URL | undefined;
  /** How long the certificate shall live, a Go duration such as `1h`; the CA decides when absent. */
  readonly notAfter?: string | undefined;
  /** `rekey` (a new key with each renewal) unless given; `renew` keeps the key. */
  readonly method?: RenewMethod | undefined;
  /**
   * Gets another token for the same names, for when the CA does not renew the certificate any more: it has expired
   * during an outage, or was revoked. Without it only a renewal after expiry is tried, which most CAs refuse.
   */
  readonly newToken?: (() => Promise<string>) | undefined;
  /** Silent unless given. Never sees a token or a key. */
  readonly logger?: Logger | undefined;
  /** Of each exchange with the CA; 15 s unless given. */
  readonly timeoutMs?: number | undefined;
  readonly userAgent?: string | undefined;
  /** For tests: time and chance. */
  readonly clock?: Clock | undefined;
  readonly random?: (() => number) | undefined;
};

/**
 * Enrols with a one-time token alone: it says where the CA is, which root it has, and which names the certificate gets.
 * The key is made here and never leaves the process. Close the identity to end renewing; an open one does not keep the
 * process alive.
 *
 * @param token as printed by `step ca token NAME` or `autocert ca token NAME`. A secret; good once
 * @throws {AppError} ERR_SDK_TOKEN (invalid); ERR_CA_FINGERPRINT (forbidden): another root than the token says;
 *   ERR_CA_REFUSED by status, for a token that was used or is too old; ERR_CA_UNREACHABLE (unavailable);
 *   ERR_SDK_CERTIFICATE (unavailable)
 */
export async function bootstrapIdentity(token: string, options: BootstrapOptions = {}): Promise<ServiceIdentity> {
  const content = readToken(token, options.caUrl);
  const stop = new AbortController();
  const ports: IdentityPorts = {
    authority: connectAuthority({
      caUrl: content.caUrl,
      notAfter: options.notAfter,
      userAgent: options.userAgent,
      timeoutMs: options.timeoutMs,
      signal: stop.signal,
    }),
    clock: options.clock ?? backgroundClock,
    random: options.random ?? Math.random,
    logger: options.logger,
    newToken: options.newToken,
    stop,
  };
  return enrolIdentity(ports, token, content, options.method ?? 'rekey');
}

/** @throws {AppError} as {@link bootstrapIdentity} */
export async function enrolIdentity(
  ports: IdentityPorts,
  token: string,
  content: TokenContent,
  method: RenewMethod,
): Promise<ServiceIdentity> {
  const { authority, clock } = ports;
  const pinned = await authority.fetchPinnedRoot(content.rootFingerprint);
  const listed = await authority.fetchRoots([pinned]); // before the token: what fails until here costs nothing
  const { key, csrPem } = await makeRequest(content.subject, content.sans);
  const chain = await authority.sign([pinned], csrPem, token.trim());
  const credential = openCredential(chain, key);
  const nothing: Trust = { roots: [], federation: [] };
  const first = decideTrust({ roots: [pinned], federation: [] }, nothing, credential, clock.now());
  const { trust } = decideTrust(listed, first.trust, credential, clock.now());
  return new ServiceIdentity(ports, {
    credential: openTrusted(chain, key, trust, clock.now()),
    trust,
    names: content,
    method,
  });
}
