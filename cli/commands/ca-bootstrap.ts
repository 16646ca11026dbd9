/** `autocert ca bootstrap`: from an address and a fingerprint to settings that every other command uses. */
import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fetchRootByFingerprint, parseFingerprint } from '../../lib/ca-client/index.ts';
import type { Command } from '../command.ts';
import { confirmOverwrite, saveFile } from '../files.ts';
import { option } from '../options/shared.ts';
import { caUrlOption } from '../options/values.ts';
import { userAgent } from '../version.ts';

export const command: Command = {
  path: ['ca', 'bootstrap'],
  summary: 'trust a CA: fetch its root and remember its address',
  description:
    'Fetches the root certificate, compares it with the fingerprint, and writes $STEPPATH/certs/root_ca.crt and ' +
    '$STEPPATH/config/defaults.json. Other commands, of autocert and of step, then need neither --ca-url nor --root.',
  options: [option.caUrl, option.fingerprint, option.force],
  unsupported: ['authority', 'context', 'install', 'profile', 'redirect-url', 'team', 'team-authority', 'team-url'],
  examples: [
    {
      title: 'The fingerprint comes from whoever runs the CA ("autocert certificate fingerprint root_ca.crt"):',
      command: 'autocert ca bootstrap --ca-url https://ca.example:9000 --fingerprint 1f95…a341',
    },
  ],
  async run({ options, stepPath, terminal }) {
    const caUrl = caUrlOption(options);
    const fingerprint = parseFingerprint(options.required('fingerprint'));
    const rootPath = resolve(stepPath, 'certs', 'root_ca.crt');
    const settingsPath = join(stepPath, 'config', 'defaults.json');
    const force = options.isOn('force');
    await confirmOverwrite(terminal, rootPath, force);
    await confirmOverwrite(terminal, settingsPath, force);

    const rootPem = await fetchRootByFingerprint(caUrl, fingerprint, { userAgent });
    mkdirSync(join(stepPath, 'certs'), { recursive: true, mode: 0o700 });
    mkdirSync(join(stepPath, 'config'), { recursive: true, mode: 0o700 });
    saveFile(rootPath, rootPem, 0o600);
    terminal.note(`The root certificate has been saved in ${rootPath}.`);
    const settings = { 'ca-url': caUrl.origin, fingerprint, root: rootPath };
    saveFile(settingsPath, JSON.stringify(settings, null, 2), 0o644);
    terminal.note(`The authority configuration has been saved in ${settingsPath}.`);
    return 0;
  },
};
