/** `autocert ca certificate show`: the CA program reads the arguments itself. */
import { runCaProgram } from '../ca/run-program.ts';
import type { Command } from '../command.ts';

export const command: Command = {
  path: ['ca', 'certificate', 'show'],
  summary: 'show what a CA knows of one certificate',
  description:
    'Names, life, provisioner, what it renews, whether and why it was revoked, out of the database that ca.json names. ' +
    'The serial number is decimal or hexadecimal.',
  passThrough: true,
  examples: [{ title: 'By the serial number that openssl shows:', command: 'autocert ca certificate show 0A:1B:2C' }],
  run: ({ rawArguments, env }) => runCaProgram(['certificate', 'show', ...rawArguments], env),
};
