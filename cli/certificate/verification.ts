/** Whether a certificate leads to a root, is valid now and has a name. What is trusted: given files, or this machine's roots. */
import { X509Certificate } from 'node:crypto';
import { readdirSync, statSync } from 'node:fs';
import { isIP } from 'node:net';
import { join } from 'node:path';
import { getCACertificates } from 'node:tls';
import { parsePem } from '../../lib/encoding/index.ts';
import { describeError } from '../../lib/errors/index.ts';
import { type Certificate, parseCertificate, parseCertificateChainPem, verifyChain } from '../../lib/x509/index.ts';
import { badInput, fileUnreadable, notVerified } from '../errors.ts';
import { readInput } from '../files.ts';

export type Verification = {
  /** For messages: a file or an address. */
  readonly place: string;
  /** `--roots` as given. */
  readonly roots: string | undefined;
  /** DNS name or IP address; undefined: any name will do. */
  readonly host: string | undefined;
};

/**
 * @param ders the certificate, then its intermediates
 * @throws {AppError} ERR_CLI_NOT_VERIFIED (forbidden) with the reason; ERR_CLI_FILE, ERR_CLI_INPUT for the roots
 */
export function verifyCertificates(ders: readonly Buffer[], { place, roots, host }: Verification): void {
  const [leaf, ...intermediates] = ders.map((der) => parseCertificate(der));
  if (!leaf) throw badInput(`${place}: no certificate`);
  const anchors = trustAnchors(roots);
  try {
    verifyChain(leaf, intermediates, anchors, Date.now());
  } catch (error) {
    throw notVerified(place, describeError(error), 'give --roots to say whom to trust');
  }
  if (host) requireName(leaf.der, host, place);
}

/** The given roots, all of which must be readable; else this machine's, less what is too odd for our parser. */
function trustAnchors(roots: string | undefined): Certificate[] {
  if (roots) return readRootFiles(roots).map((der) => parseCertificate(der));
  return getCACertificates('system').flatMap((pem) => {
    try {
      return parseCertificateChainPem(pem);
    } catch {
      return []; // an old root of a kind that is not used here
    }
  });
}

/** `--roots`: a file, a folder, or several of them separated by commas; every certificate found. */
function readRootFiles(places: string): Buffer[] {
  const paths = places.split(',').flatMap((place) => {
    const path = place.trim();
    try {
      return statSync(path).isDirectory() ? readdirSync(path).map((name) => join(path, name)) : [path];
    } catch (error) {
      throw fileUnreadable(path, error);
    }
  });
  const ders = paths
    .filter((path) => statSync(path).isFile())
    .flatMap((path) => parsePem(readInput(path)))
    .filter(({ label }) => label === 'CERTIFICATE')
    .map(({ der }) => der);
  if (ders.length === 0) throw badInput(`--roots: ${places} holds no certificate`);
  return ders;
}

/** Names in the SAN extension only: the common name has not counted for long (RFC 9525 6.3). */
function requireName(der: Uint8Array, host: string, place: string): void {
  const certificate = new X509Certificate(der);
  const address = host.replace(/^\[|\]$/g, '');
  const found = isIP(address) ? certificate.checkIP(address) : certificate.checkHost(host, { subject: 'never' });
  if (found !== undefined) return;
  const names = (certificate.subjectAltName ?? 'no name').replaceAll('DNS:', '').replaceAll('IP Address:', '');
  throw notVerified(place, `it is for ${names} and not for ${host}`);
}
