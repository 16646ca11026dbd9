/**
 * `autocert`: finds the command, resolves its options, runs it, renders its error. The process edge of the command
 * line: streams, environment and exit code enter here and are passed on.
 */
import { catalogue } from './commands/catalogue.ts';
import { runCommandLine } from './run.ts';
import { createTerminal } from './terminal/terminal.ts';

const { stdin, stdout, stderr, env } = process;

// `autocert … | head`: the reader has had enough, which is no failure
stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
});

process.exitCode = await runCommandLine(catalogue, process.argv.slice(2), {
  terminal: createTerminal({ stdin, stdout, stderr, env }),
  env,
});
