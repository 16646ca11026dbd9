/**
 * The right way to use certificates that are renewed under a running program: look at the three files again and again,
 * and take what is there as one set.
 *
 * Polling once a second costs three small reads. It sees every way of writing (a file replaced, a file rewritten, a
 * symbolic link swapped) on every kind of volume, which fs.watch does not. The root is looked at too: it changes when
 * the authority changes.
 */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Where autocert puts the files; the manifest says it too. */
export const folder = process.env.CERTIFICATES ?? '/var/run/autocert.step.sm';

/** @returns {{ ca: string, cert: string, key: string }} PEM texts, as node:tls takes them */
export function readCertificates() {
  const read = (name) => readFileSync(join(folder, name), 'utf8');
  const set = { ca: read('root.crt'), cert: read('site.crt'), key: read('site.key') };
  // between two reads the set may have been renewed: a key that fits the certificate says that it has not
  if (!new X509Certificate(set.cert).checkPrivateKey(createPrivateKey(set.key)))
    throw new Error('renewed while reading');
  return set;
}

/** A function that returns the new set when there is one, else undefined. Keeps the old set when reading fails. */
export function createCertificateLook(current) {
  return () => {
    try {
      const set = readCertificates();
      if (set.ca === current.ca && set.cert === current.cert && set.key === current.key) return undefined;
      current = set;
      return set;
    } catch (error) {
      console.error(`${new Date().toISOString()}: certificates: ${error.message}, the old ones stay for now`);
      return undefined;
    }
  };
}

/** `4f3a…` and the time it ends, for a log line. */
export function describeCertificate({ cert }) {
  const { serialNumber, validTo } = new X509Certificate(cert);
  return `${serialNumber.slice(0, 8).toLowerCase()}…, valid until ${new Date(validTo).toISOString()}`;
}
