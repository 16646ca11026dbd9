/** The CA as a service sees it: the port of {@link ServiceIdentity}, and its implementation on the client. */
import type { EpochMs } from '../../time/index.ts';
import { CaClient, fetchRootByFingerprint } from '../client.ts';
import { createRenewToken } from '../renew-token.ts';
import { longestExchangeMs } from '../schedule.ts';
import type { Credential } from './credential.ts';
import type { ListedRoots } from './trust.ts';

/** PEM throughout; every chain is leaf, then intermediates. */
export interface SdkAuthority {
  /** The root with this SHA-256, over a connection that is not verified. */
  fetchPinnedRoot(fingerprint: string): Promise<string>;
  fetchRoots(trusted: readonly string[]): Promise<ListedRoots>;
  sign(trusted: readonly string[], csrPem: string, ott: string): Promise<readonly string[]>;
  /** Over mTLS, same key. */
  renew(trusted: readonly string[], credential: Credential): Promise<readonly string[]>;
  /** Over mTLS, for the key of the CSR. */
  rekey(trusted: readonly string[], credential: Credential, csrPem: string): Promise<readonly string[]>;
  /** By a token signed with the key of the certificate, where the CA allows renewal after expiry. */
  renewExpired(trusted: readonly string[], credential: Credential, now: EpochMs): Promise<readonly string[]>;
}

export type AuthorityOptions = {
  readonly caUrl: URL;
  /** Go duration or RFC 3339; how long certificates shall live. */
  readonly notAfter: string | undefined;
  readonly userAgent: string | undefined;
  readonly timeoutMs: number | undefined;
  readonly signal: AbortSignal;
};

export function connectAuthority({ caUrl, notAfter, ...exchange }: AuthorityOptions): SdkAuthority {
  const client = (roots: readonly string[], credential?: Credential): CaClient =>
    new CaClient({
      url: caUrl,
      roots,
      clientCertificate: credential && { certPem: credential.chainPem, keyPem: credential.keyPem },
      ...exchange,
      timeoutMs: exchange.timeoutMs ?? (credential && longestExchangeMs(credential.leaf)),
    });
  return {
    fetchPinnedRoot: (fingerprint) => fetchRootByFingerprint(caUrl, fingerprint, exchange),
    async fetchRoots(trusted) {
      const ca = client(trusted);
      return { roots: await ca.roots(), federation: await ca.federation() };
    },
    async sign(trusted, csr, ott) {
      const issued = await client(trusted).sign({ csr, ott, ...(notAfter === undefined ? {} : { notAfter }) });
      return issued.chainPem;
    },
    renew: async (trusted, credential) => (await client(trusted, credential).renew()).chainPem,
    rekey: async (trusted, credential, csrPem) => (await client(trusted, credential).rekey(csrPem)).chainPem,
    async renewExpired(trusted, { chainPem, keyPem }, now) {
      return (await client(trusted).renewWithToken(createRenewToken({ chainPem, keyPem, caUrl, now }))).chainPem;
    },
  };
}
