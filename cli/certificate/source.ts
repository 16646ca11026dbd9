/**
 * Where `certificate inspect|fingerprint|verify` take certificates from: a file, standard input, or a TLS server.
 */
import { isIP } from 'node:net';
import { connect, type TLSSocket } from 'node:tls';
import { parsePem } from '../../lib/encoding/index.ts';
import { badInput, remoteServer, usage } from '../errors.ts';
import { readInput } from '../files.ts';
import { verifyCertificates } from './verification.ts';

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
  /** `--roots` as given. */
  readonly roots: string | undefined;
  /** Name to ask for (SNI) and to check; without it the host in the address. */
  readonly serverName: string | undefined;
  /** Take what a server presents without verifying it. */
  readonly insecure: boolean;
};

/** Whether it is the address of a server and not a file. */
export const isAddress = (place: string): boolean => schemeOf(place) !== undefined;

function schemeOf(place: string): string | undefined {
  const scheme = /^([a-z]+):\/\//i.exec(place)?.[1]?.toLowerCase();
  return scheme !== undefined && Object.hasOwn(schemes, scheme) ? scheme : undefined;
}

/** Host of an address, IPv6 without brackets. */
export const hostOf = (address: string): string => parseAddress(address).hostname.replace(/^\[|\]$/g, '');

function parseAddress(address: string): URL {
  const url = URL.parse(address.replace(/^[a-z]+:/i, 'https:'));
  if (!url) throw usage(`"${address}" is not an address`);
  return url;
}

/** @throws {AppError} ERR_CLI_FILE, ERR_CLI_INPUT, ERR_CLI_SERVER, ERR_CLI_NOT_VERIFIED */
export async function loadCertificates(place: string, options: RemoteOptions): Promise<CertificateSource> {
  if (isAddress(place)) {
    const name = options.serverName || hostOf(place);
    const ders = await fetchPeerCertificates(place, name);
    if (!options.insecure) verifyCertificates(ders, { place, roots: options.roots, host: name });
    return { kind: 'certificates', ders };
  }
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

/** The chain a server presents, leaf first, whoever issued it. */
async function fetchPeerCertificates(address: string, serverName: string): Promise<Buffer[]> {
  const socket = connect({
    host: hostOf(address),
    port: Number(parseAddress(address).port || schemes[schemeOf(address) ?? 'https']),
    ...(isIP(serverName) ? {} : { servername: serverName }),
    rejectUnauthorized: false,
    ca: [], // Node would add issuers that it knows to those that were sent
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
    const fail = (error: Error): void => reject(remoteServer(address, error));
    socket.setTimeout(handshakeTimeoutMs, () => fail(new Error(`no answer within ${handshakeTimeoutMs / 1000} s`)));
    socket.once('error', fail);
    socket.once('secureConnect', resolve);
  });
}

/** Follows the issuers of the peer certificate; the list ends where a certificate is its own issuer or none is there. */
function peerChain(socket: TLSSocket): Buffer[] {
  const ders: Buffer[] = [];
  let current = socket.getPeerCertificate(true);
  while (current?.raw && !ders.some((der) => der.equals(current.raw))) {
    ders.push(current.raw);
    current = current.issuerCertificate;
  }
  return ders;
}
