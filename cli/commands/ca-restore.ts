/** `autocert ca restore`: the CA program reads the arguments itself. */
import { runCaProgram } from '../ca/run-program.ts';
import type { Command } from '../command.ts';

export const command: Command = {
  path: ['ca', 'restore'],
  summary: 'add what a backup holds to the database of a CA',
  description:
    'Adds what is missing and changes nothing that is there, so that it may run beside the CA and may be repeated. The ' +
    'database may be of another kind than the one that was backed up.',
  passThrough: true,
  examples: [
    { title: 'From SQLite to PostgreSQL:', command: 'autocert ca restore --config /etc/ca/ca.json ca.backup' },
  ],
  run: ({ rawArguments, env }) => runCaProgram(['restore', ...rawArguments], env),
};
