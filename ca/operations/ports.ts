/** What operators ask of the CA's database, beside what issuing asks. Implemented in ca/store. */
import type { EpochMs } from '../../lib/time/index.ts';

/** All that is given has to hold. */
export type CertificateFilter = {
  /** One of its names, in any case; `*` stands for any characters. */
  readonly name?: string | undefined;
  /** Name of the provisioner. */
  readonly provisioner?: string | undefined;
  readonly state?: CertificateState | undefined;
  readonly endsAfter?: EpochMs | undefined;
  readonly endsBefore?: EpochMs | undefined;
};

/** `valid` is neither expired nor revoked. */
export type CertificateState = 'valid' | 'expired' | 'revoked';

export type CertificateEntry = {
  /** Decimal. */
  readonly serial: string;
  readonly subject: string;
  /** Lower case, the subject first. */
  readonly names: readonly string[];
  readonly notBefore: EpochMs;
  readonly notAfter: EpochMs;
  readonly provisioner: { readonly id: string; readonly name: string; readonly type: string } | undefined;
  /** Serial number of the certificate that this one renews. */
  readonly renews: string | undefined;
  readonly revoked: { readonly at: EpochMs; readonly reasonCode: number; readonly reason: string } | undefined;
};

export type CertificateDetails = CertificateEntry & { readonly der: Uint8Array };

/** Where a list goes on. */
export type PageKey = { readonly notAfter: EpochMs; readonly serial: string };

export type CertificatePage = {
  /** Those that end last come first. May be fewer than asked for though there are more. */
  readonly entries: readonly CertificateEntry[];
  /** Undefined after the last. */
  readonly next: PageKey | undefined;
};

/** Tables of a backup, in the order in which they are written and restored. */
export const backupTables = ['revocation_lists', 'revoked_certificates', 'used_tokens', 'certificates'] as const;
export type BackupTable = (typeof backupTables)[number];
export type BackupRow = Readonly<Record<string, string | number | Uint8Array | null>>;

/** Rows of a table in the order of their keys, after a key. */
export type ReadPage = (table: BackupTable, after: string | undefined, limit: number) => Promise<readonly BackupRow[]>;

export interface CertificateArchive {
  listCertificates(
    filter: CertificateFilter,
    now: EpochMs,
    after: PageKey | undefined,
    limit: number,
  ): Promise<CertificatePage>;
  findDetails(serial: string): Promise<CertificateDetails | undefined>;
  /** One moment of the database, however long reading takes; whoever writes meanwhile is not held up. */
  readSnapshot<Result>(use: (read: ReadPage) => Promise<Result>): Promise<Result>;
  /**
   * Adds rows that are not there; what is there stays, but for a revocation list with a lower number. In one commit.
   * @returns how many were added
   */
  mergeRows(table: BackupTable, rows: readonly BackupRow[]): Promise<number>;
}

/** Column that identifies a row. */
export const keyColumns: Readonly<Record<BackupTable, string>> = {
  revocation_lists: 'id',
  revoked_certificates: 'serial',
  used_tokens: 'key',
  certificates: 'serial',
};
