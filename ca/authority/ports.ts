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

/** What a use of a token came to. */
export type TokenOutcome<Result> = { readonly kind: 'used'; readonly result: Result } | { readonly kind: 'reused' };

/**
 * Memory of the CA. Whatever a method resolves to is durable: it survives a crash of the process and of the machine.
 * Concurrent calls may share one commit.
 */
export interface CertificateStore {
  /** Whether it outlives the process; without, revocation is not offered. */
  readonly persistent: boolean;
  /**
   * Takes a token, once: `issue` runs only for the caller that is first, in the transaction that takes the token, and
   * the certificate it returns (if any) is kept in the same commit. When it throws, the token stays taken and the
   * error passes on.
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
  /** Forgets tokens that ended before this time; the number of them. */
  forgetTokens(endedBefore: EpochMs): Promise<number>;
  close(): Promise<void>;
}
