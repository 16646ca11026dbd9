/** `autocert certificate verify`: the answer is the exit code, 0 or 1; the reason is on stderr. */
import { X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import { describeError } from '../../lib/errors/index.ts';
import { parseCertificate, parseCertificateChainPem, verifyChain } from '../../lib/x509/index.ts';
import { isAddress, loadCertificates, loadRootFiles, systemRoots } from '../certificate/source.ts';
import type { Command } from '../command.ts';
import { badInput, notVerified } from '../errors.ts';
import { option } from '../options/shared.ts';

export const command: Command = {
  path: ['certificate', 'verify'],
  summary: 'check a certificate against roots and a name',
  description:
    'Ends with 0 when the certificate leads to one of the roots, is valid now and, with --host, has that name; ' +
    'else with 1, and says why. Further certificates in the file are taken as intermediates. Without --roots, the ' +
    'roots this machine trusts count.',
  positionals: [
    {
      name: 'crt-file',
      description: 'A PEM file, an address such as https://web.example:8443, or a hyphen for standard input.',
    },
  ],
  options: [
    option.roots,
    { name: 'host', value: 'name', description: 'DNS name or IP address that the certificate must have.' },
    option.serverName,
    { name: 'verbose', aliases: ['v'], description: 'Say so when it is valid.' },
  ],
  unsupported: ['crl-endpoint', 'insecure', 'issuing-ca', 'ocsp-endpoint', 'verify-crl', 'verify-ocsp'],
  examples: [
    { title: 'A file:', command: 'autocert certificate verify web.crt --roots root_ca.crt --host web.example' },
    { title: 'A server:', command: 'autocert certificate verify https://web.example --roots root_ca.crt' },
  ],
  async run({ positionals, options, terminal }) {
    const [place = '-'] = positionals;
    const roots = options.text('roots');
    const rootPems = roots ? loadRootFiles(roots) : systemRoots();
    // a server's chain is checked below like any other: the connection itself need not be
    const source = await loadCertificates(place, {
      roots: undefined,
      serverName: options.text('servername'),
      insecure: true,
    });
    if (source.kind === 'request') throw badInput(`${place}: a certificate request, not a certificate`);
    const [leaf, ...intermediates] = source.ders.map((der) => parseCertificate(der));
    if (!leaf) throw badInput(`${place}: no certificate`);
    try {
      verifyChain(leaf, intermediates, parseCertificateChainPem(rootPems.join('')), Date.now());
    } catch (error) {
      throw notVerified(place, describeError(error));
    }
    const host =
      options.text('host') || (isAddress(place) ? options.text('servername') || new URL(place).hostname : undefined);
    if (host) checkHost(leaf.der, host, place);
    if (options.isOn('verbose')) {
      terminal.write('certificate validated against roots\n');
      if (host) terminal.write('certificate host name validated\n');
      terminal.write('certificate is valid\n');
    }
    return 0;
  },
};

/** Names in the SAN extension only: the common name has not counted for long (RFC 9525 6.3). */
function checkHost(der: Uint8Array, host: string, place: string): void {
  const certificate = new X509Certificate(der);
  const address = host.replace(/^\[|\]$/g, '');
  const found = isIP(address) ? certificate.checkIP(address) : certificate.checkHost(host, { subject: 'never' });
  if (found !== undefined) return;
  const names = (certificate.subjectAltName ?? 'no name').replaceAll('DNS:', '').replaceAll('IP Address:', '');
  throw notVerified(place, `it is for ${names} and not for ${host}`);
}
