/** `autocert ca revoke`: a certificate is not renewed any more, and is on the revocation list where the CA has one. */
import { connect, connectTo, loadRoots } from '../ca/connection.ts';
import { loadKeyPair } from '../ca/key-pair.ts';
import { makeRevokeToken, readToken } from '../ca/one-time-token.ts';
import { parseReasonCode, parseSerialNumber } from '../ca/revocation.ts';
import { connectByToken } from '../ca/token-connection.ts';
import type { Command, Invocation } from '../command.ts';
import { usage } from '../errors.ts';
import { connectionOptions, foreignCredentials, option } from '../options/shared.ts';
import { caUrlOption } from '../options/values.ts';

export const command: Command = {
  path: ['ca', 'revoke'],
  summary: 'revoke a certificate: it is never renewed again',
  description:
    'The certificate stays valid until it ends, and cannot be renewed; a CA with a revocation list puts it there. ' +
    'A provisioner vouches for the request, or a token of one; or the certificate itself, by mutual TLS, with ' +
    '--cert and --key.',
  positionals: [
    {
      name: 'serial-number',
      optional: true,
      description: 'Decimal, hexadecimal behind 0x, or as openssl prints it. Not with --cert; a token names it, too.',
    },
  ],
  options: [
    { name: 'cert', value: 'file', description: 'Revoke this certificate, which itself proves the right to it.' },
    { name: 'key', value: 'file', description: 'Its key.' },
    { name: 'reason', value: 'text', description: 'Why, in words, for the records of the CA.' },
    {
      name: 'reasonCode',
      value: 'code',
      description: 'Why, as RFC 5280 numbers and names it: keyCompromise or 1, superseded or 4, …',
    },
    { ...option.token, description: 'Token that names the serial number, for POST /revoke.' },
    option.provisioner,
    option.kid,
    option.provisionerPasswordFile,
    option.passwordFile,
    ...connectionOptions,
  ],
  unsupported: foreignCredentials,
  examples: [
    { title: 'By its serial number:', command: 'autocert ca revoke 0x2A --reasonCode superseded' },
    {
      title: 'By whoever holds it, when its key has been stolen:',
      command: 'autocert ca revoke --cert web.crt --key web.key --reasonCode keyCompromise',
    },
  ],
  async run(invocation) {
    const { options, terminal } = invocation;
    const reasonCode = parseReasonCode(options.text('reasonCode'));
    const reason = options.text('reason');
    const why = { reasonCode, ...(reason ? { reason } : {}) };
    const serial = await (options.text('cert') || options.text('key')
      ? revokeOwn(invocation, why)
      : revokeBySerial(invocation, why));
    terminal.note(`Certificate with Serial Number ${serial} has been revoked.`);
    return 0;
  },
};

type Why = { readonly reasonCode: number; readonly reason?: string };

async function revokeOwn(invocation: Invocation, why: Why): Promise<string> {
  const { positionals, options, terminal } = invocation;
  const [certificatePath, keyPath] = [options.text('cert'), options.text('key')];
  if (!certificatePath || !keyPath) throw usage('--cert and --key: give both, or neither');
  if (positionals[0]) throw usage('serial number: not together with --cert, which has one');
  if (options.text('token')) throw usage('--token: not together with --cert, which proves the right itself');
  const { leaf, clientCertificate } = await loadKeyPair(invocation, certificatePath, keyPath);
  const serial = leaf.serial.toString();
  const { caUrl, client } = connectTo(caUrlOption(options), loadRoots(invocation), clientCertificate);
  terminal.selected('CA', caUrl.origin);
  await client.revoke({ serial, ...why });
  return serial;
}

async function revokeBySerial(invocation: Invocation, why: Why): Promise<string> {
  const { positionals, options, terminal } = invocation;
  const token = options.text('token')?.trim();
  const claimed = token ? readToken(token) : undefined;
  const text = positionals[0] || claimed?.subject;
  if (!text) throw usage('serial number: missing', 'give one, or --cert and --key');
  const serial = parseSerialNumber(text);
  const connection = claimed ? await connectByToken(invocation, claimed) : connect(invocation);
  const ott = token ?? (await makeRevokeToken(invocation, connection, { serial, now: Date.now() }));
  terminal.selected('CA', connection.caUrl.origin);
  await connection.client.revoke({ serial, ott, ...why });
  return serial;
}
