/**
 * Where `certificate inspect|fingerprint|verify` take certificates from: a file, standard input, or a TLS server.
 */
import { readdirSync, statSync } from 'node:fs';
import { isIP } from 'node:net';
import { join } from 'node:path';
import { connect, getCACertificates, type TLSSocket } from 'node:tls';
import { encodePem, parsePem } from '../../lib/encoding/index.ts';
import { badInput, fileUnreadable, remoteServer, usage } from '../errors.ts';
import { readInput } from '../files.ts';

/** Ports of the schemes that step knows; all of them speak TLS from the first byte. */
const schemes: Readonly<Record<string, number>> = {
  https: 443,
  tls: 443,
  tcp: 443,
  smtps: 465,
  ldaps: 636,
};

export type CertificateSource =
  | { readonly kind: 'certificates'; readonly ders: readonly Buffer[] }
  | { readonly kind: 'request'; readonly der: Buffer };

export type RemoteOptions = {
  readonly roots: string | undefined;
  readonly serverName: string | undefined;
  readonly insecure: boolean;
};

/** Whether it is the address of a server and not a file. */
export const isAddress = (place: string): boolean => schemeOf(place) !== undefined;

function schemeOf(place: string): string | undefined {
  const match = /^([a-z]+):\/\//i.exec(place);
  const scheme = match?.[1]?.toLowerCase();
  return scheme !== undefined && scheme in schemes ? scheme : undefined;
}

/** @throws {AppError} ERR_CLI_FILE, ERR_CLI_INPUT, ERR_CLI_SERVER */
export async function loadCertificates(place: string, options: RemoteOptions): Promise<CertificateSource> {
  if (isAddress(place)) return { kind: 'certificates', ders: await fetchPeerCertificates(place, options) };
  const blocks = parsePem(readInput(place));
  const ders = blocks.filter(({ label }) => label === 'CERTIFICATE').map(({ der }) => der);
  if (ders.length > 0) return { kind: 'certificates', ders };
  const request = blocks.find(({ label }) => /^(NEW )?CERTIFICATE REQUEST$/.test(label));
  if (request) return { kind: 'request', der: request.der };
  throw badInput(
    `file ${place} does not contain any valid CERTIFICATE or CERTIFICATE REQUEST blocks`,
    'it has a line -----BEGIN CERTIFICATE-----',
  );
}

const handshakeTimeoutMs = 15_000;

/** The chain a server presents, leaf first. */
async function fetchPeerCertificates(
  address: string,
  { roots, serverName, insecure }: RemoteOptions,
): Promise<Buffer[]> {
  const url = URL.parse(address.replace(/^[a-z]+:/i, 'https:'));
  if (!url) throw usage(`"${address}" is not an address`);
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const port = Number(url.port || schemes[schemeOf(address) ?? 'https']);
  const name = serverName || host;
  const socket = connect({
    host,
    port,
    ...(isIP(name) ? {} : { servername: name }),
    rejectUnauthorized: !insecure,
    ca: roots ? loadRootFiles(roots) : systemRoots(),
    minVersion: 'TLSv1.2',
  });
  try {
    await handshake(socket, address);
    return peerChain(socket);
  } finally {
    socket.destroy();
  }
}

function handshake(socket: TLSSocket, address: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (error: Error): void => reject(remoteServer(address, error, hintFor(error)));
    socket.setTimeout(handshakeTimeoutMs, () => fail(new Error(`no answer within ${handshakeTimeoutMs / 1000} s`)));
    socket.once('error', fail);
    socket.once('secureConnect', resolve);
  });
}

function hintFor(error: Error): string | undefined {
  const code = String((error as NodeJS.ErrnoException).code);
  if (!/^(CERT_|UNABLE_|SELF_SIGNED|DEPTH_ZERO|ERR_TLS_CERT|HOSTNAME)/.test(code)) return undefined;
  return 'give --roots to say whom to trust, or --insecure to look at the certificate all the same';
}

/** Follows the issuers of the peer certificate; Node ends the list by a certificate that is its own issuer. */
function peerChain(socket: TLSSocket): Buffer[] {
  const ders: Buffer[] = [];
  let current = socket.getPeerCertificate(true);
  while (current?.raw && !ders.some((der) => der.equals(current.raw))) {
    ders.push(current.raw);
    current = current.issuerCertificate;
  }
  return ders;
}

/** `--roots`: a file, a folder, or several of them separated by commas; PEM of every certificate found. */
export function loadRootFiles(places: string): string[] {
  const paths = places.split(',').flatMap((place) => {
    const path = place.trim();
    try {
      return statSync(path).isDirectory() ? readdirSync(path).map((name) => join(path, name)) : [path];
    } catch (error) {
      throw fileUnreadable(path, error);
    }
  });
  const roots = paths
    .filter((path) => statSync(path).isFile())
    .flatMap((path) => parsePem(readInput(path)))
    .filter(({ label }) => label === 'CERTIFICATE')
    .map(({ der }) => encodePem('CERTIFICATE', der));
  if (roots.length === 0) throw badInput(`--roots: ${places} holds no certificate`);
  return roots;
}

/** What this machine trusts. */
export const systemRoots = (): string[] => getCACertificates('system');
