/** The three files on the volume, as the port of both pod programs. */
import {
  type CertificateSet,
  probeVolume,
  readCertificateSet,
  recoverCertificateSet,
  writeCertificateSet,
} from '../certificate-files/index.ts';
import type { PodSettings } from './environment.ts';

export interface CertificateStore {
  /** Completes what a crash interrupted, then reads; undefined when the set is not whole. @throws {AppError} ERR_VOLUME_* */
  read(): CertificateSet | undefined;
  /** Finds out whether a set could be written. @throws {AppError} ERR_VOLUME_* */
  probe(): void;
  /** @throws {AppError} ERR_VOLUME_*; then the files are as before */
  write(set: CertificateSet): void;
}

export function openStore({ paths, write }: Pick<PodSettings, 'paths' | 'write'>): CertificateStore {
  return {
    read() {
      recoverCertificateSet(paths, write);
      return readCertificateSet(paths);
    },
    probe: () => probeVolume(paths),
    write: (set) => writeCertificateSet(paths, set, write),
  };
}
