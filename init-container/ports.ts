/** What the init container's decisions need of the outside world. */
import type { CertificateSet } from '../lib/certificate-files/index.ts';
import type { Logger } from '../lib/log/index.ts';
import type { Enroller } from '../lib/pod/index.ts';
import type { Clock } from '../lib/time/index.ts';

/** The three files. */
export interface CertificateStore {
  /** Completes what a crash interrupted, then reads; undefined when the set is not whole. @throws {AppError} ERR_VOLUME_* */
  read(): CertificateSet | undefined;
  /** Finds out whether a set could be written. @throws {AppError} ERR_VOLUME_* */
  probe(): void;
  /** @throws {AppError} ERR_VOLUME_*; then the files are as before */
  write(set: CertificateSet): void;
}

export type BootstrapPorts = {
  readonly enroller: Enroller;
  readonly store: CertificateStore;
  readonly clock: Clock;
  /** 0 <= random < 1 */
  readonly random: () => number;
  readonly log: Logger;
};
