/** `autocert ca serve`: the CA program reads the arguments itself. */
import { runCaProgram } from '../ca/run-program.ts';
import type { Command } from '../command.ts';

export const command: Command = {
  path: ['ca', 'serve'],
  summary: 'run the CA',
  description:
    'Takes the arguments of step-ca: a configuration, by default $STEPPATH/config/ca.json, as "autocert ca init" or ' +
    '"step ca init" wrote it. "autocert ca serve --help" lists the options.',
  passThrough: true,
  examples: [{ title: 'Serve:', command: 'autocert ca serve --password-file password.txt' }],
  run: ({ rawArguments, env }) => runCaProgram(['serve', ...rawArguments], env),
};
