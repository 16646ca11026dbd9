/** `autocert ca token`: the right to get one certificate, to hand to somebody. The token is all that goes to stdout. */
import { readRequestDer } from '../ca/certificate-request.ts';
import { connect } from '../ca/connection.ts';
import { makeRevokeToken, makeSignToken } from '../ca/one-time-token.ts';
import { parseSerialNumber } from '../ca/revocation.ts';
import type { Command } from '../command.ts';
import { usage } from '../errors.ts';
import { confirmOverwrite, readInput, saveFile } from '../files.ts';
import { connectionOptions, foreignCredentials, option } from '../options/shared.ts';
import { templateData, validityTime } from '../options/values.ts';

export const command: Command = {
  path: ['ca', 'token'],
  summary: 'make a one-time token for somebody else',
  description:
    'Prints a token with which its bearer gets one certificate of this name, once, within five minutes unless ' +
    '--not-after says otherwise. The token also carries the fingerprint of the root, so the bearer needs nothing else.',
  positionals: [{ name: 'subject', description: 'Common name, and the only name unless --san is given.' }],
  options: [
    option.san,
    { ...option.notAfter, description: 'When the token ends. A time (RFC 3339) or a duration from now, such as 5m.' },
    { ...option.notBefore, description: 'When the token begins to be valid.' },
    option.provisioner,
    option.kid,
    option.provisionerPasswordFile,
    option.passwordFile,
    { name: 'cnf-file', value: 'file', description: 'Bind the token to this certificate signing request.' },
    { name: 'revoke', description: 'A token that revokes: the subject is the serial number of the certificate.' },
    { name: 'output-file', value: 'file', description: 'Write the token to this file (mode 0600) instead of stdout.' },
    option.set,
    option.setFile,
    option.force,
    ...connectionOptions,
  ],
  unsupported: [
    ...foreignCredentials,
    'cert-not-after',
    'cert-not-before',
    'cnf',
    'host',
    'key',
    'principal',
    'n',
    'rekey',
    'renew',
    'ssh',
  ],
  examples: [
    { title: 'A token for whoever shall revoke a certificate:', command: 'autocert ca token --revoke 0x2A' },
    { title: 'A token for a person or a machine:', command: 'autocert ca token web.example' },
    {
      title: 'For a script:',
      command: 'TOKEN=$(autocert ca token web.example --provisioner admin --provisioner-password-file password.txt)',
    },
  ],
  async run(invocation) {
    const { positionals, options, terminal } = invocation;
    const [subject = ''] = positionals;
    const now = Date.now();
    const notBefore = validityTime(options, 'not-before', now);
    const notAfter = validityTime(options, 'not-after', now);
    const lifetimeMs = notAfter === undefined ? undefined : notAfter - (notBefore ?? now);
    if (lifetimeMs !== undefined && lifetimeMs <= 0) throw usage('--not-after: the token would end before it begins');
    const data = templateData(options, readInput);
    const requestPath = options.text('cnf-file');
    const csrDer = requestPath ? readRequestDer(requestPath) : undefined;
    const outputPath = options.text('output-file');
    if (outputPath) await confirmOverwrite(terminal, outputPath, options.isOn('force'));

    const life = { now, notBefore, lifetimeMs };
    const connection = connect(invocation);
    const token = options.isOn('revoke')
      ? await makeRevokeToken(invocation, connection, { serial: parseSerialNumber(subject), ...life })
      : await makeSignToken(invocation, connection, {
          subject,
          sans: options.list('san'),
          csrDer,
          extra: { user: data ?? {} },
          ...life,
        });
    if (outputPath) {
      saveFile(outputPath, token, 0o600);
      terminal.note(`Your token has been saved in ${outputPath}.`);
    } else terminal.write(`${token}\n`);
    return 0;
  },
};
