/** `autocert ca init`: the CA program reads the arguments itself. */
import { runCaProgram } from '../ca/run-program.ts';
import type { Command } from '../command.ts';

export const command: Command = {
  path: ['ca', 'init'],
  summary: 'make a new CA: keys, certificates, configuration',
  description:
    'Takes the options of "step ca init" and writes the same files, which step-ca can serve as well. Without a ' +
    'terminal every option it needs must be given. "autocert ca init --help" lists them.',
  passThrough: true,
  examples: [
    {
      title: 'Without questions:',
      command:
        'autocert ca init --name Example --dns localhost --address 127.0.0.1:9000 \\\n--provisioner admin --password-file password.txt',
    },
  ],
  run: ({ rawArguments, env }) => runCaProgram(['init', ...rawArguments], env),
};
