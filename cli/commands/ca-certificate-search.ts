/** `autocert ca certificate search`: the CA program reads the arguments itself. */
import { runCaProgram } from '../ca/run-program.ts';
import type { Command } from '../command.ts';

export const command: Command = {
  path: ['ca', 'certificate', 'search'],
  summary: 'find certificates by a part of a name',
  description:
    'Looks into the database that ca.json names, also while the CA runs. Takes a serial number as well. ' +
    '"autocert ca certificate search --help" lists the options.',
  passThrough: true,
  examples: [
    {
      title: 'Every valid certificate of a service:',
      command: 'autocert ca certificate search web.shop --state valid',
    },
  ],
  run: ({ rawArguments, env }) => runCaProgram(['certificate', 'search', ...rawArguments], env),
};
