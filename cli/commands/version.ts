/** `autocert version` */
import type { Command } from '../command.ts';
import { version } from '../version.ts';

export const command: Command = {
  path: ['version'],
  summary: 'print the version',
  examples: [{ title: 'Say what is installed:', command: 'autocert version' }],
  async run({ terminal }) {
    terminal.write(`autocert/${version} (${process.platform}/${process.arch}) node/${process.versions.node}\n`);
    return 0;
  },
};
