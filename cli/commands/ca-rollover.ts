/** `autocert ca rollover`: the CA program reads the arguments itself. */
import { runCaProgram } from '../ca/run-program.ts';
import type { Command } from '../command.ts';

export const command: Command = {
  path: ['ca', 'rollover'],
  summary: 'replace the intermediate or the root of a CA, without an interruption',
  description:
    'Works on the files of a CA, which takes each step over by SIGHUP. A root is replaced in three steps, with the ' +
    'longest life of a certificate between them: add-root, switch-root, remove-root. "autocert ca rollover status" ' +
    'says where it stands and what comes next. "autocert ca rollover --help" lists the options.',
  passThrough: true,
  examples: [
    {
      title: 'A new intermediate under the same root:',
      command: 'autocert ca rollover intermediate --password-file password.txt',
    },
    { title: 'Where the files stand:', command: 'autocert ca rollover status' },
  ],
  run: ({ rawArguments, env }) => runCaProgram(['rollover', ...rawArguments], env),
};
