/** Reads the certificate that lies in a pod's volume at this moment. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseCertificateChainPem, serialHex } from '../../../lib/x509/index.ts';
import type { LocalPod } from '../pods/local-pod.ts';
import type { SeenCertificate } from './state.ts';

const mountPath = '/var/run/autocert.step.sm';

/** Folder of the certificate files of a pod that the webhook has injected; undefined for any other. */
export function certificateFolder({ pod, volumes }: LocalPod): string | undefined {
  const mount = pod.spec.containers
    .flatMap(({ volumeMounts }) => volumeMounts ?? [])
    .find((one) => one.mountPath === mountPath);
  return mount && volumes.get(mount.name);
}

/** Undefined before the init container has written it. */
export function readCertificate(folder: string): SeenCertificate | undefined {
  let pem: string;
  try {
    pem = readFileSync(join(folder, 'site.crt'), 'utf8');
  } catch {
    return undefined; // not written yet
  }
  const [leaf] = parseCertificateChainPem(pem);
  if (!leaf) return undefined;
  return {
    commonName: leaf.commonName,
    serialHex: serialHex(leaf),
    notBefore: leaf.notBefore,
    notAfter: leaf.notAfter,
  };
}
