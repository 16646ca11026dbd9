/** The three files in memory, failing on request. For tests. */
import type { CertificateSet } from '../certificate-files/index.ts';
import { AppError } from '../errors/index.ts';
import type { CertificateStore } from './index.ts';

export const volumeFull = (): AppError =>
  new AppError('ERR_VOLUME_FULL', 'unavailable', 'certificate files: no space left');

export class MemoryStore implements CertificateStore {
  set: CertificateSet | undefined;
  writes = 0;
  /** What the next probes and writes throw; shifted off the front. */
  probes: AppError[] = [];
  failures: AppError[] = [];

  read = (): CertificateSet | undefined => this.set;

  probe(): void {
    const failure = this.probes.shift();
    if (failure) throw failure;
  }

  write(set: CertificateSet): void {
    const failure = this.failures.shift();
    if (failure) throw failure;
    this.writes++;
    this.set = set;
  }
}
