/** `autocert ca sign`: a certificate for a signing request made elsewhere; the token is bound to that request. */
import { encodePem } from '../../lib/encoding/index.ts';
import { parseCertificateRequest } from '../../lib/x509/index.ts';
import { readRequestDer } from '../ca/certificate-request.ts';
import { connect } from '../ca/connection.ts';
import { makeSignToken, readToken } from '../ca/one-time-token.ts';
import { connectByToken } from '../ca/token-connection.ts';
import type { Command } from '../command.ts';
import { badInput } from '../errors.ts';
import { confirmOverwrite, readInput, saveFile } from '../files.ts';
import { connectionOptions, foreignCredentials, option } from '../options/shared.ts';
import { templateData, validityText } from '../options/values.ts';

export const command: Command = {
  path: ['ca', 'sign'],
  summary: 'get a certificate for a signing request',
  description:
    'Sends a certificate signing request that was made elsewhere. The certificate has the names of the request; ' +
    'the token made for it works for this one request only.',
  positionals: [
    { name: 'csr-file', description: 'Signing request (PEM); a hyphen is standard input.' },
    { name: 'crt-file', description: 'File for the certificate and its intermediates (PEM).' },
  ],
  options: [
    option.notAfter,
    option.notBefore,
    option.token,
    option.provisioner,
    option.kid,
    option.provisionerPasswordFile,
    option.passwordFile,
    option.set,
    option.setFile,
    option.force,
    ...connectionOptions,
  ],
  unsupported: foreignCredentials,
  examples: [
    { title: 'A certificate for one day:', command: 'autocert ca sign web.csr web.crt --not-after 24h' },
    { title: 'With a token from somebody else:', command: 'autocert ca sign web.csr web.crt --token eyJ…' },
  ],
  async run(invocation) {
    const { positionals, options, terminal } = invocation;
    const [requestPath = '', certificatePath = ''] = positionals;
    const notBefore = validityText(options, 'not-before');
    const notAfter = validityText(options, 'not-after');
    const data = templateData(options, readInput);
    const givenToken = options.text('token');
    const claimed = givenToken ? readToken(givenToken) : undefined;
    const csrDer = readRequestDer(requestPath);
    await confirmOverwrite(terminal, certificatePath, options.isOn('force'));

    const connection = claimed ? await connectByToken(invocation, claimed) : connect(invocation);
    const token = givenToken?.trim() ?? (await tokenFor(csrDer, requestPath));
    terminal.selected('CA', connection.caUrl.origin);
    const { chainPem } = await connection.client.sign({
      csr: encodePem('CERTIFICATE REQUEST', csrDer),
      ott: token,
      ...(notBefore !== undefined && { notBefore }),
      ...(notAfter !== undefined && { notAfter }),
      ...(data !== undefined && { templateData: data }),
    });
    saveFile(certificatePath, chainPem.join(''), 0o600);
    terminal.selected('Certificate', certificatePath);
    return 0;

    async function tokenFor(der: Buffer, path: string): Promise<string> {
      const { commonName, sans } = parseCertificateRequest(der);
      const names = [...sans.dns, ...sans.ip, ...sans.email, ...sans.uri];
      const subject = commonName || names[0];
      if (!subject) throw badInput(`${path}: the request has no name at all`, 'give it a common name or a SAN');
      return makeSignToken(invocation, connection, { subject, sans: names, now: Date.now(), csrDer: der });
    }
  },
};
