/** What the issuing core needs from outside. Implemented in ca/store; time is lib/time's Clock. */
import type { EpochMs } from '../../lib/time/index.ts';

/** A certificate to keep, with the provisioner that let it be issued. */
export type CertificateRecord = {
  /** Decimal. */
  readonly serial: string;
  readonly der: Uint8Array;
  readonly subject: string;
  readonly notBefore: EpochMs;
  readonly notAfter: EpochMs;
  /** Absent when the certificate it renews had none. */
  readonly provisioner?: ProvisionerRecord | undefined;
  /** Serial of the certificate that this one renews or rekeys. */
  readonly renews?: string | undefined;
  /** Every name in the certificate, for those who search; the subject is searched anyway. */
  readonly names?: readonly string[];
};

export type ProvisionerRecord = { readonly id: string; readonly name: string; readonly type: string };

/** The use of a one-time token. */
export type TokenUse = {
  /** The token's id, or the hash of the token when it has none. Never the token. */
  readonly key: string;
  /** When the token can no longer be valid; undefined when it never ends: such a record is kept for good. */
  readonly expiresAt: EpochMs | undefined;
  readonly usedAt: EpochMs;
};

export type Revocation = {
  /** Decimal. */
  readonly serial: string;
  readonly provisionerId: string | undefined;
  readonly reasonCode: number;
  readonly reason: string;
  readonly revokedAt: EpochMs;
  /** End of the certificate's life, undefined when the certificate is unknown here. */
  readonly expiresAt: EpochMs | undefined;
  /** Key of the token it was asked with; undefined over mTLS. */
  readonly tokenKey: string | undefined;
};

/** A revoked certificate, as far as a revocation list speaks of it. */
export type RevokedEntry = Pick<Revocation, 'serial' | 'revokedAt' | 'reasonCode' | 'expiresAt'>;

export type RevocationList = {
  /** Grows by one with each list. */
  readonly number: number;
  readonly der: Uint8Array;
  readonly thisUpdate: EpochMs;
  readonly nextUpdate: EpochMs;
};

/** What may go, as far as it ended before these times; undefined keeps all of a kind. */
export type PruneRequest = {
  readonly tokensEndedBefore: EpochMs;
  readonly certificatesEndedBefore: EpochMs | undefined;
  /** Rows of each kind that one call takes at most. */
  readonly limit: number;
};

/** `busy`: another process is at it. */
export type PruneOutcome =
  | { readonly kind: 'pruned'; readonly tokens: number; readonly certificates: number }
  | { readonly kind: 'busy' };

/** What a use of a token came to. */
export type TokenOutcome<Result> = { readonly kind: 'used'; readonly result: Result } | { readonly kind: 'reused' };

/**
 * Memory of the CA, shared by its replicas. Whatever a method resolves to is durable: it survives a crash of the process
 * and of the machine. Concurrent calls may share one commit. Nothing is remembered outside the database: what one replica
 * wrote, the next question of another one sees.
 *
 * Every method may reject with ERR_CA_STORE_UNAVAILABLE (unavailable), and one that writes with ERR_CA_STORE_WRITE.
 */
export interface CertificateStore {
  /** Whether it outlives the process; without, revocation is not offered. */
  readonly persistent: boolean;
  /** False while the database does not answer; calls then fail at once instead of waiting for it. */
  ready(): boolean;
  /**
   * Takes a token, once, and keeps the certificate that `issue` returns (if any) in the same commit. When it throws, the
   * token stays taken and the error passes on. `issue` is called once at most, at any moment before the commit: what
   * it made for a token that turns out to be used is dropped and never seen.
   */
  useToken<Result>(
    token: TokenUse,
    issue: () => { readonly result: Result; readonly certificate?: CertificateRecord },
  ): Promise<TokenOutcome<Result>>;
  addCertificate(certificate: CertificateRecord): Promise<void>;
  /** The provisioner that a certificate was issued by, as far as it is known. */
  findProvisioner(serial: string): Promise<ProvisionerRecord | undefined>;
  findCertificate(serial: string): Promise<Uint8Array | undefined>;
  isRevoked(serial: string): Promise<boolean>;
  /** False when it was revoked before; the first revocation stays. */
  revoke(revocation: Revocation): Promise<boolean>;
  /** The list that is served; undefined before the first one. */
  findRevocationList(): Promise<RevocationList | undefined>;
  /**
   * Makes the next list, one caller at a time over all replicas. `build` gets the current list and, in the order of
   * revocation, every revoked certificate but those that ended before `endedBefore`; it returns the next list, or
   * undefined to leave the current one, which another replica may just have made. Resolves to the list that then is
   * current.
   */
  updateRevocationList(
    endedBefore: EpochMs,
    build: (current: RevocationList | undefined, revoked: readonly RevokedEntry[]) => RevocationList | undefined,
  ): Promise<RevocationList | undefined>;
  /** Deletes a few rows that ended, tokens without an end never; one process at a time. Revocations stay for good. */
  prune(request: PruneRequest): Promise<PruneOutcome>;
  close(): Promise<void>;
}

/** Counts what the authority does; `provisioner` is a name, empty when none is known. */
export interface Meter {
  readonly signed: (provisioner: string, success: boolean) => void;
  readonly renewed: (provisioner: string, success: boolean) => void;
  readonly rekeyed: (provisioner: string, success: boolean) => void;
  /** Enriching webhooks of a request, also when there are none. */
  readonly enriched: (provisioner: string, success: boolean) => void;
  readonly authorized: (provisioner: string, success: boolean) => void;
}

/** A question to a webhook, ready to be sent by POST. */
export type WebhookCall = {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** JSON. The headers have a signature over it: it is sent as it is. */
  readonly body: string;
  /** Whether the CA shows its own certificate. */
  readonly withClientCertificate: boolean;
};

export type WebhookAnswer = { readonly status: number; readonly body: string };

/** Rejects when there is no answer, and soon after `signal` aborts. */
export type WebhookCaller = (call: WebhookCall, signal: AbortSignal) => Promise<WebhookAnswer>;
