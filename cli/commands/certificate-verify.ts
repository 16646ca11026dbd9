/** `autocert certificate verify`: the answer is the exit code, 0 or 1; the reason is on stderr. */
import { hostOf, isAddress, loadCertificates } from '../certificate/source.ts';
import { verifyCertificates } from '../certificate/verification.ts';
import type { Command } from '../command.ts';
import { badInput } from '../errors.ts';
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
    const serverName = options.text('servername');
    // a server's chain is checked below like any other
    const source = await loadCertificates(place, { roots: undefined, serverName, insecure: true });
    if (source.kind === 'request') throw badInput(`${place}: a certificate request, not a certificate`);
    const host = options.text('host') || (isAddress(place) ? serverName || hostOf(place) : undefined);
    verifyCertificates(source.ders, { place, roots: options.text('roots'), host });
    if (options.isOn('verbose')) {
      terminal.write('certificate validated against roots\n');
      if (host) terminal.write('certificate host name validated\n');
      terminal.write('certificate is valid\n');
    }
    return 0;
  },
};
