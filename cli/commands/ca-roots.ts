/** `autocert ca roots` */
import { bundleCommand } from '../ca/bundle-command.ts';

export const command = bundleCommand(
  {
    path: ['ca', 'roots'],
    summary: 'fetch all root certificates',
    examples: [{ title: 'Old and new root while one replaces the other:', command: 'autocert ca roots roots.crt' }],
  },
  { file: 'roots-file', title: 'root' },
  (client) => client.roots(),
);
