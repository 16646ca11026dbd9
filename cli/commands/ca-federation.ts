/** `autocert ca federation` */
import { bundleCommand } from '../ca/bundle-command.ts';

export const command = bundleCommand(
  {
    path: ['ca', 'federation'],
    summary: 'fetch the roots of the whole federation',
    examples: [{ title: "This CA's roots and those it federates with:", command: 'autocert ca federation roots.crt' }],
  },
  { file: 'federation-file', title: 'federation' },
  (client) => client.federation(),
);
