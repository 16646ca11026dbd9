/** `autocert ca certificate export`: the CA program reads the arguments itself. */
import { runCaProgram } from '../ca/run-program.ts';
import type { Command } from '../command.ts';

export const command: Command = {
  path: ['ca', 'certificate', 'export'],
  summary: 'write certificates that a CA has issued into a file',
  description:
    'As PEM, as DER, or as JSON with everything that is known of each. "autocert ca certificate export --help" lists the ' +
    'options.',
  passThrough: true,
  examples: [
    { title: 'An inventory:', command: 'autocert ca certificate export --format json --out certificates.jsonl' },
  ],
  run: ({ rawArguments, env }) => runCaProgram(['certificate', 'export', ...rawArguments], env),
};
