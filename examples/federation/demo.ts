/**
 * `make demo-federation`: the commands of README.md, one after the other, with what they say.
 *
 *   node examples/federation/demo.ts [--cloud step-ca] [--kubernetes step-ca] [--cli step]
 *
 * The real `step` and `step-ca` are taken from PATH.
 */
import { parseArgs } from 'node:util';
import { runTutorial } from './run-tutorial.ts';

const { values } = parseArgs({
  options: {
    cloud: { type: 'string', default: 'autocert' },
    kubernetes: { type: 'string', default: 'autocert' },
    cli: { type: 'string', default: 'autocert' },
  },
});
const pick = <Name extends string>(flag: string, value: string, names: readonly Name[]): Name => {
  const found = names.find((name) => name === value);
  if (found) return found;
  process.stderr.write(`error: --${flag} ${value}\nhint: one of ${names.join(', ')}\n`);
  process.exit(2);
};

/** What the authorities log of each request, in the formats of both. */
const requestLog = /^\[[a-z-]+-ca\] (\{"time"|time=)/;

const interrupted = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => interrupted.abort());

const started = Date.now();
try {
  await runTutorial({
    variant: {
      cloud: pick('cloud', values.cloud, ['autocert', 'step-ca']),
      kubernetes: pick('kubernetes', values.kubernetes, ['autocert', 'step-ca']),
      cli: pick('cli', values.cli, ['autocert', 'step']),
    },
    show: (line) => {
      if (!requestLog.test(line)) process.stdout.write(`${line}\n`);
    },
    signal: interrupted.signal,
  });
  process.stdout.write(`\n✔ every command of the tutorial did what it says (${(Date.now() - started) / 1000} s)\n`);
} catch (error) {
  if (interrupted.signal.aborted) process.exitCode = 130;
  else {
    process.stderr.write(`error: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  }
}
