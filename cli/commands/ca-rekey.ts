/** `autocert ca rekey`: the same names, a new key, new dates. */
import { encodePrivateKeyPem, generatePrivateKey } from '../../lib/crypto/index.ts';
import { encodePem } from '../../lib/encoding/index.ts';
import { buildCertificateRequest } from '../../lib/x509/index.ts';
import { connectTo, loadRoots } from '../ca/connection.ts';
import { loadKey, loadKeyPair, withCertificate } from '../ca/key-pair.ts';
import { renewalOptions } from '../ca/renewal-options.ts';
import { runRenewal } from '../ca/renewal-run.ts';
import type { Command } from '../command.ts';
import { badInput, usage } from '../errors.ts';
import { saveFile } from '../files.ts';
import { foreignCredentials, option } from '../options/shared.ts';
import { caUrlOption, keySpec } from '../options/values.ts';

export const command: Command = {
  path: ['ca', 'rekey'],
  summary: 'renew a certificate with a new key',
  description:
    'As "autocert ca renew", with a new key: what a thief of the old one has ends with the old certificate. Only a ' +
    'certificate that is still valid can be rekeyed.',
  positionals: [
    { name: 'crt-file', description: 'The certificate to replace, with its intermediates (PEM).' },
    { name: 'key-file', description: 'Its key.' },
  ],
  options: [
    { name: 'out-cert', value: 'file', description: 'Write the certificate here instead of over crt-file.' },
    { name: 'out-key', value: 'file', description: 'Write the key here instead of over key-file.' },
    { name: 'private-key', value: 'file', description: 'Use this key; without it, a new one is made.' },
    option.kty,
    option.curve,
    option.size,
    ...renewalOptions('rekey'),
  ],
  unsupported: foreignCredentials,
  examples: [
    { title: 'In place:', command: 'autocert ca rekey web.crt web.key --force' },
    {
      title: 'Beside the old ones:',
      command: 'autocert ca rekey web.crt web.key --out-cert new.crt --out-key new.key',
    },
  ],
  async run(invocation) {
    const { positionals, options, terminal } = invocation;
    const [certificatePath = '', keyPath = ''] = positionals;
    const outCertificate = options.text('out-cert') || certificatePath;
    const givenKeyPath = options.text('private-key');
    const outKey = options.text('out-key') || (givenKeyPath ? undefined : keyPath);
    const spec = keySpec(options);
    if (givenKeyPath && options.isOn('daemon')) {
      throw usage('--private-key: not together with --daemon', 'a daemon makes a new key each time');
    }
    const caUrl = caUrlOption(options);
    const rootsPem = loadRoots(invocation);
    let pair = await loadKeyPair(invocation, certificatePath, keyPath);
    if (pair.leaf.notAfter <= Date.now()) {
      throw badInput(
        `${certificatePath}: expired, and an expired certificate cannot be rekeyed`,
        'get a new one with "autocert ca certificate"',
      );
    }
    const givenKey = givenKeyPath ? await loadKey(invocation, givenKeyPath) : undefined;
    return runRenewal(invocation, {
      verb: 'rekey',
      pair,
      outputs: outKey ? [outCertificate, outKey] : [outCertificate],
      async act() {
        const key = givenKey ?? (await generatePrivateKey(spec));
        const csr = buildCertificateRequest({ commonName: '', sans: [], key }); // only its key is looked at
        const { client } = connectTo(caUrl, rootsPem, pair.clientCertificate);
        const chainPem = (await client.rekey(encodePem('CERTIFICATE REQUEST', csr))).chainPem.join('');
        if (outKey) saveFile(outKey, encodePrivateKeyPem(key), 0o600);
        saveFile(outCertificate, chainPem, 0o600);
        pair = withCertificate({ ...pair, key }, chainPem);
        return pair.leaf;
      },
      announce() {
        terminal.selected('Certificate', outCertificate);
        if (outKey) terminal.selected('Private Key', outKey);
      },
    });
  },
};
