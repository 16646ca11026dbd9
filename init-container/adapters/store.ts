/** The three files on the volume. */
import {
  probeVolume,
  readCertificateSet,
  recoverCertificateSet,
  writeCertificateSet,
} from '../../lib/certificate-files/index.ts';
import type { PodSettings } from '../../lib/pod/index.ts';
import type { CertificateStore } from '../ports.ts';

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
