/** `autocert ca backup`: the CA program reads the arguments itself. */
import { runCaProgram } from '../ca/run-program.ts';
import type { Command } from '../command.ts';

export const command: Command = {
  path: ['ca', 'backup'],
  summary: 'write the database of a CA into a file, while it runs',
  description:
    'The file holds one moment of the database and no key. It can be restored into either kind of database. Keys and ' +
    'configuration are files: back them up by other means.',
  passThrough: true,
  examples: [{ title: 'Every night:', command: 'autocert ca backup --config /etc/ca/ca.json ca-$(date +%F).backup' }],
  run: ({ rawArguments, env }) => runCaProgram(['backup', ...rawArguments], env),
};
