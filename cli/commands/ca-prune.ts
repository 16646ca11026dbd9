/** `autocert ca prune`: the CA program reads the arguments itself. */
import { runCaProgram } from '../ca/run-program.ts';
import type { Command } from '../command.ts';

export const command: Command = {
  path: ['ca', 'prune'],
  summary: 'delete expired certificates and ended tokens of a CA',
  description:
    'The running CA does it every hour by itself; this does it now. "autocert ca prune --help" lists the options.',
  passThrough: true,
  examples: [{ title: 'Keep what ended within the last week:', command: 'autocert ca prune --keep-expired 168h' }],
  run: ({ rawArguments, env }) => runCaProgram(['prune', ...rawArguments], env),
};
