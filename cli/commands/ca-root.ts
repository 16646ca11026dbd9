/** `autocert ca root`: the root certificate, believed because its fingerprint is the given one. */
import { fetchRootByFingerprint } from '../../lib/ca-client/index.ts';
import type { Command } from '../command.ts';
import { confirmOverwrite, saveFile } from '../files.ts';
import { option } from '../options/shared.ts';
import { caUrlOption } from '../options/values.ts';
import { userAgent } from '../version.ts';

export const command: Command = {
  path: ['ca', 'root'],
  summary: 'fetch the root certificate by its fingerprint',
  positionals: [{ name: 'root-file', optional: true, description: 'File for the certificate. Without it, stdout.' }],
  options: [option.caUrl, option.fingerprint, option.context, option.force],
  examples: [
    {
      title: 'Save the root of a CA that is not trusted yet:',
      command: 'autocert ca root root.crt --ca-url https://127.0.0.1:4443 --fingerprint $FINGERPRINT',
    },
  ],
  async run({ positionals, options, terminal }) {
    const [path] = positionals;
    const caUrl = caUrlOption(options);
    const fingerprint = options.required('fingerprint');
    if (path) await confirmOverwrite(terminal, path, options.isOn('force'));
    const rootPem = await fetchRootByFingerprint(caUrl, fingerprint, { userAgent });
    if (!path) terminal.write(rootPem);
    else {
      saveFile(path, rootPem, 0o600);
      terminal.note(`The root certificate has been saved in ${path}.`);
    }
    return 0;
  },
};
