/** `autocert certificate inspect` */
import { encodePem } from '../../lib/encoding/index.ts';
import { parseCertificate, parseCertificateRequest, verifyIssuedBy } from '../../lib/x509/index.ts';
import { loadCertificates } from '../certificate/source.ts';
import type { Command } from '../command.ts';
import { usage } from '../errors.ts';
import { certificateJson, requestJson } from '../inspect/json.ts';
import { renderCertificateShort, renderRequestShort } from '../inspect/short.ts';
import { renderCertificateText, renderRequestText } from '../inspect/text.ts';
import { type CertificateView, viewCertificate, viewRequest } from '../inspect/view.ts';
import { option } from '../options/shared.ts';

export const command: Command = {
  path: ['certificate', 'inspect'],
  summary: 'show what is in a certificate or request',
  description:
    'Decodes a certificate or a signing request. Nothing is verified: see "autocert certificate verify". Of several ' +
    'certificates in a file the first is shown, with --bundle all of them.',
  positionals: [
    {
      name: 'crt-file',
      optional: true,
      description:
        'A PEM file, an address such as https://web.example:8443, or a hyphen for standard input (the default).',
    },
  ],
  options: [
    {
      name: 'format',
      value: 'format',
      choices: ['text', 'json', 'pem'],
      default: 'text',
      description: 'How to print it.',
    },
    { name: 'bundle', description: 'All certificates, not only the first.' },
    { name: 'short', description: 'Five lines: names, issuer, provisioner, dates.' },
    option.roots,
    option.serverName,
    { name: 'insecure', description: 'Do not check the certificate of a server before showing it.' },
  ],
  examples: [
    { title: 'A file:', command: 'autocert certificate inspect web.crt' },
    { title: 'For a script:', command: "autocert certificate inspect --format json web.crt | jq '{issuer, subject}'" },
    {
      title: 'What a server presents:',
      command: 'autocert certificate inspect https://web.example --roots root_ca.crt --short',
    },
  ],
  async run({ positionals, options, terminal }) {
    const format = options.text('format');
    const short = options.isOn('short');
    const bundle = options.isOn('bundle');
    if (short && format !== 'text') throw usage(`--short: not together with --format ${format}`);
    const source = await loadCertificates(positionals[0] ?? '-', {
      roots: options.text('roots'),
      serverName: options.text('servername'),
      insecure: options.isOn('insecure'),
    });
    if (source.kind === 'request') {
      const view = viewRequest(parseCertificateRequest(source.der));
      if (format === 'json') terminal.write(toJson(requestJson(view)));
      else if (format === 'pem') terminal.write(encodePem('CERTIFICATE REQUEST', source.der));
      else terminal.write(short ? renderRequestShort(view) : renderRequestText(view));
      return 0;
    }
    const ders = bundle ? source.ders : source.ders.slice(0, 1);
    if (format === 'pem') {
      for (const der of ders) terminal.write(encodePem('CERTIFICATE', der));
      return 0;
    }
    const views = ders.map(view);
    if (format === 'json') {
      const all = views.map(certificateJson);
      terminal.write(toJson(all.length === 1 ? all[0] : all)); // one certificate is no list, --bundle or not, as in step
    } else for (const item of views) terminal.write(short ? renderCertificateShort(item) : renderCertificateText(item));
    return 0;
  },
};

function view(der: Buffer): CertificateView {
  const certificate = parseCertificate(der);
  return viewCertificate(certificate, verifyIssuedBy(certificate, certificate));
}

const toJson = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;
