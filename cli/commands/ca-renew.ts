/** `autocert ca renew`: the same names, the same key, new dates. */
import { createRenewToken } from '../../lib/ca-client/index.ts';
import { connectTo, loadRoots } from '../ca/connection.ts';
import { type KeyPair, loadKeyPair, withCertificate } from '../ca/key-pair.ts';
import { renewalOptions } from '../ca/renewal-options.ts';
import { runRenewal } from '../ca/renewal-run.ts';
import type { Command } from '../command.ts';
import { saveFile } from '../files.ts';
import { foreignCredentials } from '../options/shared.ts';
import { caUrlOption } from '../options/values.ts';

export const command: Command = {
  path: ['ca', 'renew'],
  summary: 'renew a certificate, same key',
  description:
    'Replaces a certificate by one with the same names and a new life of the same length. The certificate itself ' +
    'proves the right to it, by mutual TLS; when it has expired, or with --mtls=false, by a token signed with its ' +
    'key, which the CA may or may not allow.',
  positionals: [
    { name: 'crt-file', description: 'The certificate to renew, with its intermediates (PEM).' },
    { name: 'key-file', description: 'Its key.' },
  ],
  options: [
    { name: 'out', aliases: ['output-file'], value: 'file', description: 'Write here instead of over crt-file.' },
    { name: 'mtls', default: 'true', description: 'Prove by mutual TLS; --mtls=false by a token.' },
    ...renewalOptions('renew'),
  ],
  unsupported: foreignCredentials,
  examples: [
    {
      title: 'From cron: only in the last eight hours, then reload nginx:',
      command: 'autocert ca renew web.crt web.key --force --expires-in 8h --exec "nginx -s reload"',
    },
    { title: 'As a service:', command: 'autocert ca renew web.crt web.key --daemon' },
  ],
  async run(invocation) {
    const { positionals, options, terminal } = invocation;
    const [certificatePath = '', keyPath = ''] = positionals;
    const outPath = options.text('out') || certificatePath;
    const caUrl = caUrlOption(options);
    const rootsPem = loadRoots(invocation);
    const mutualTls = options.isOn('mtls');
    let pair = await loadKeyPair(invocation, certificatePath, keyPath);
    return runRenewal(invocation, {
      verb: 'renew',
      pair,
      outputs: [outPath],
      async act() {
        const chainPem = await requestRenewal(pair, caUrl, rootsPem, mutualTls);
        saveFile(outPath, chainPem, 0o600);
        pair = withCertificate(pair, chainPem);
        return pair.leaf;
      },
      announce: () => terminal.note(`Your certificate has been saved in ${outPath}.`),
    });
  },
};

/** Chain of the renewed certificate, PEM. A new connection each time: an old one keeps the old certificate. */
async function requestRenewal(pair: KeyPair, caUrl: URL, rootsPem: string, mutualTls: boolean): Promise<string> {
  const now = Date.now();
  if (mutualTls && now < pair.leaf.notAfter) {
    const { chainPem } = await connectTo(caUrl, rootsPem, pair.clientCertificate).client.renew();
    return chainPem.join('');
  }
  const { certPem, keyPem } = pair.clientCertificate;
  const token = createRenewToken({ chainPem: certPem, keyPem, caUrl, now });
  const { chainPem } = await connectTo(caUrl, rootsPem).client.renewWithToken(token);
  return chainPem.join('');
}
