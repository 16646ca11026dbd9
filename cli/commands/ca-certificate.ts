/** `autocert ca certificate`: a new key, a token (made here or given), a certificate. */
import { encodePrivateKeyPem, generatePrivateKey } from '../../lib/crypto/index.ts';
import { encodePem } from '../../lib/encoding/index.ts';
import { buildCertificateRequest } from '../../lib/x509/index.ts';
import { connect } from '../ca/connection.ts';
import { makeSignToken, readToken } from '../ca/one-time-token.ts';
import { connectByToken } from '../ca/token-connection.ts';
import type { Command } from '../command.ts';
import { badToken, usage } from '../errors.ts';
import { confirmOverwrite, readInput, saveFile } from '../files.ts';
import { connectionOptions, foreignCredentials, option } from '../options/shared.ts';
import { keySpec, templateData, validityText } from '../options/values.ts';

export const command: Command = {
  path: ['ca', 'certificate'],
  summary: 'get a certificate and its key',
  description:
    'Makes a key on this machine, asks the CA for a certificate and writes both. The key never leaves the machine. ' +
    'Who may have the certificate is proved by a provisioner, whose password is asked for, or by a one-time token ' +
    'that somebody made with "autocert ca token". With a token that carries the fingerprint of the root, as they do, ' +
    'nothing has to be set up before.',
  positionals: [
    { name: 'subject', description: 'Common name of the certificate, and its only name unless --san is given.' },
    { name: 'crt-file', description: 'File for the certificate and its intermediates (PEM).' },
    { name: 'key-file', description: 'File for the key (PEM, mode 0600).' },
  ],
  options: [
    option.san,
    option.notAfter,
    option.notBefore,
    option.token,
    option.provisioner,
    option.kid,
    option.provisionerPasswordFile,
    option.passwordFile,
    option.kty,
    option.curve,
    option.size,
    option.set,
    option.setFile,
    option.force,
    ...connectionOptions,
  ],
  unsupported: foreignCredentials,
  examples: [
    { title: 'Ask for the password:', command: 'autocert ca certificate web.example web.crt web.key' },
    {
      title: 'Several names, one hour, nothing asked:',
      command:
        'autocert ca certificate web.example web.crt web.key \\\n--san web.example --san 10.0.0.7 --not-after 1h \\\n' +
        '--provisioner admin --provisioner-password-file password.txt',
    },
    {
      title: 'With a token from somebody else:',
      command: 'autocert ca certificate web.example web.crt web.key --token eyJ…',
    },
  ],
  async run(invocation) {
    const { positionals, options, terminal } = invocation;
    const [subject = '', certificatePath = '', keyPath = ''] = positionals;
    if (certificatePath === keyPath) throw usage(`crt-file and key-file: both are ${keyPath}`);
    const sans = options.list('san');
    const givenToken = options.text('token');
    if (givenToken && sans.length > 0) throw usage('--san: not with --token', 'the names are in the token');
    const notBefore = validityText(options, 'not-before');
    const notAfter = validityText(options, 'not-after');
    const spec = keySpec(options);
    const data = templateData(options, readInput);
    const claimed = givenToken ? readToken(givenToken) : undefined;
    if (claimed && claimed.subject.toLowerCase() !== subject.toLowerCase()) {
      throw badToken(
        `token subject '${claimed.subject}' and argument '${subject}' do not match`,
        `the token is good for ${claimed.subject} only`,
      );
    }
    const force = options.isOn('force');
    await confirmOverwrite(terminal, certificatePath, force);
    await confirmOverwrite(terminal, keyPath, force);

    const connection = claimed ? await connectByToken(invocation, claimed) : connect(invocation);
    const token =
      givenToken?.trim() ?? (await makeSignToken(invocation, connection, { subject, sans, now: Date.now() }));
    terminal.selected('CA', connection.caUrl.origin);

    const key = await generatePrivateKey(spec);
    const names = claimed && claimed.sans.length > 0 ? claimed.sans : sans.length > 0 ? sans : [subject];
    // the CA compares with the token: its spelling of the subject counts
    const csr = buildCertificateRequest({ commonName: claimed?.subject ?? subject, sans: names, key });
    const { chainPem } = await connection.client.sign({
      csr: encodePem('CERTIFICATE REQUEST', csr),
      ott: token,
      ...(notBefore !== undefined && { notBefore }),
      ...(notAfter !== undefined && { notAfter }),
      ...(data !== undefined && { templateData: data }),
    });
    // the key first: a certificate without its key is of no use to anybody
    saveFile(keyPath, encodePrivateKeyPem(key), 0o600);
    saveFile(certificatePath, chainPem.join(''), 0o600);
    terminal.selected('Certificate', certificatePath);
    terminal.selected('Private Key', keyPath);
    return 0;
  },
};
