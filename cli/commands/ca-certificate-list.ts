/** `autocert ca certificate list`: the CA program reads the arguments itself. */
import { runCaProgram } from '../ca/run-program.ts';
import type { Command } from '../command.ts';

export const command: Command = {
  path: ['ca', 'certificate', 'list'],
  summary: 'list the certificates that a CA has issued',
  description:
    'Looks into the database that ca.json names, also while the CA runs. "autocert ca certificate list --help" lists the ' +
    'options. For a certificate of a host named "list", write "autocert ca certificate -- list …".',
  passThrough: true,
  examples: [
    { title: 'What ends within eight hours:', command: 'autocert ca certificate list --expires-in 8h' },
    { title: 'Everything, for a program:', command: 'autocert ca certificate list --limit 0 --json' },
  ],
  run: ({ rawArguments, env }) => runCaProgram(['certificate', 'list', ...rawArguments], env),
};
