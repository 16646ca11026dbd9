/** `autocert certificate fingerprint` */
import { createHash } from 'node:crypto';
import { loadCertificates } from '../certificate/source.ts';
import type { Command } from '../command.ts';
import { usage } from '../errors.ts';
import { option } from '../options/shared.ts';

const formats: Readonly<Record<string, (digest: Buffer) => string>> = {
  hex: (digest) => digest.toString('hex'),
  base64: (digest) => digest.toString('base64'),
  'base64-url': (digest) => digest.toString('base64').replaceAll('+', '-').replaceAll('/', '_'),
  'base64-raw': (digest) => digest.toString('base64').replace(/=+$/, ''),
  'base64-url-raw': (digest) => digest.toString('base64url'),
};

export const command: Command = {
  path: ['certificate', 'fingerprint'],
  summary: 'print the fingerprint of a certificate',
  description:
    'Prints the SHA-256 of the certificate. The fingerprint of a root certificate is what "autocert ca bootstrap" ' +
    'and "autocert ca root" ask for.',
  positionals: [
    {
      name: 'crt-file',
      optional: true,
      description:
        'A PEM file, an address such as https://web.example:8443, or a hyphen for standard input (the default).',
    },
  ],
  options: [
    { name: 'bundle', description: 'The fingerprints of all certificates, numbered.' },
    { name: 'format', value: 'format', choices: Object.keys(formats), default: 'hex', description: 'How to write it.' },
    { name: 'sha1', description: 'SHA-1 instead; needs --insecure.' },
    option.roots,
    option.serverName,
    { name: 'insecure', description: 'Do not check the certificate of a server; allow SHA-1.' },
  ],
  examples: [{ title: 'Of the root certificate of a CA:', command: 'autocert certificate fingerprint root_ca.crt' }],
  async run({ positionals, options, terminal }) {
    const insecure = options.isOn('insecure');
    const sha1 = options.isOn('sha1');
    if (sha1 && !insecure) throw usage('--sha1: needs --insecure', 'SHA-1 no longer tells certificates apart safely');
    const source = await loadCertificates(positionals[0] ?? '-', {
      roots: options.text('roots'),
      serverName: options.text('servername'),
      insecure,
    });
    const ders = source.kind === 'request' ? [source.der] : source.ders;
    const write = formats[options.text('format') ?? 'hex'];
    if (!write) throw usage('--format: unknown');
    const bundle = options.isOn('bundle');
    for (const [index, der] of (bundle ? ders : ders.slice(0, 1)).entries()) {
      const text = write(
        createHash(sha1 ? 'sha1' : 'sha256')
          .update(der)
          .digest(),
      );
      terminal.write(bundle ? `${index}: ${text}\n` : `${text}\n`);
    }
    return 0;
  },
};
