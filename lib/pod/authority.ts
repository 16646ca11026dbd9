/** The CA and the webhook as a pod sees them: the ports of both pod programs on lib/ca-client. */
import {
  CaClient,
  createRenewToken,
  fetchRootByFingerprint,
  fetchRootsByFingerprint,
  KeptConnection,
  longestExchangeMs,
  requestBootstrap,
} from '../ca-client/index.ts';
import { type CertificateSet, openCertificateSet } from '../certificate-files/index.ts';
import type { EpochMs } from '../time/index.ts';
import type { Enroller, Grant } from './enrolment.ts';
import type { PodSettings } from './environment.ts';
import { badEnvironment, tokenFileUnreadable } from './errors.ts';

/** What the renewer needs beyond enrolment; each returns leaf, then intermediates, PEM. */
export interface RenewalAuthority extends Enroller {
  /** Over mTLS, same key. */
  renew(set: CertificateSet): Promise<readonly string[]>;
  /** Over mTLS, for the key of the CSR. */
  rekey(set: CertificateSet, csrPem: string): Promise<readonly string[]>;
  /** By a token signed with the key of the certificate, where the CA allows renewal after expiry. */
  renewExpired(set: CertificateSet, now: EpochMs): Promise<readonly string[]>;
}

export type AuthorityOptions = {
  readonly userAgent: string;
  /** Ends every exchange. */
  readonly signal?: AbortSignal;
  /** Reads the projected ServiceAccount token, which the kubelet replaces from time to time. */
  readonly readTextFile: (path: string) => Promise<string>;
};

export function connectAuthority(settings: PodSettings, options: AuthorityOptions): RenewalAuthority {
  const { caUrl, credential, rootFingerprint } = settings;
  const { readTextFile, ...exchange } = options;
  // Enrolment is a few questions to the CA at once: one connection carries them.
  const connection = new KeptConnection();
  const enrolling = (trustedPem: string, timeoutMs?: number): CaClient =>
    new CaClient({ url: caUrl, roots: [trustedPem], connection, timeoutMs, ...exchange });
  /** What the CA listed when the pinned root was fetched: good for this enrolment, not for a later one. */
  let listed: { readonly trustedPem: string; readonly roots: readonly string[] } | undefined;
  const own = (set: CertificateSet): CaClient =>
    new CaClient({
      url: caUrl,
      roots: [set.rootPem],
      clientCertificate: { certPem: set.chainPem, keyPem: set.keyPem },
      timeoutMs: longestExchangeMs(openCertificateSet(set).leaf),
      ...exchange,
    });

  return {
    async fetchPinnedRoot() {
      if (rootFingerprint === undefined) throw badEnvironment('STEP_FINGERPRINT', 'missing or empty');
      listed = undefined;
      const roots = await fetchRootsByFingerprint(caUrl, rootFingerprint, { ...exchange, connection });
      if (!roots) return fetchRootByFingerprint(caUrl, rootFingerprint, { ...exchange, connection });
      listed = { trustedPem: roots[0], roots };
      return roots[0];
    },
    async fetchRoots(trustedPem, timeoutMs) {
      const known = listed;
      listed = undefined;
      const roots = known?.trustedPem === trustedPem ? known.roots : await enrolling(trustedPem, timeoutMs).roots();
      connection.close();
      return roots;
    },
    async requestGrant(trustedPem, csrPem): Promise<Grant> {
      if (credential.kind !== 'service-account') throw new TypeError('grants are for service-account mode');
      const token = await readToken(credential.tokenFile);
      return requestBootstrap(credential.bootstrapUrl, { roots: [trustedPem], token, csrPem }, exchange);
    },
    async sign(trustedPem, csrPem, { ott, notAfter }) {
      const request = { csr: csrPem, ott, ...(notAfter === undefined ? {} : { notAfter }) };
      return (await enrolling(trustedPem).sign(request)).chainPem;
    },
    renew: async (set) => (await own(set).renew()).chainPem,
    rekey: async (set, csrPem) => (await own(set).rekey(csrPem)).chainPem,
    async renewExpired(set, now) {
      const token = createRenewToken({ chainPem: set.chainPem, keyPem: set.keyPem, caUrl, now });
      return (await new CaClient({ url: caUrl, roots: [set.rootPem], ...exchange }).renewWithToken(token)).chainPem;
    },
  };

  async function readToken(path: string): Promise<string> {
    let text: string;
    try {
      text = (await readTextFile(path)).trim();
    } catch (error) {
      throw tokenFileUnreadable(path, error);
    }
    if (text === '') throw tokenFileUnreadable(path, new Error('it is empty'));
    return text;
  }
}
