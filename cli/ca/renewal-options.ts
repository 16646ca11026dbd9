/** Options that `ca renew` and `ca rekey` have in common, and what they mean together. */
import type { Invocation, OptionDefinition } from '../command.ts';
import { usage } from '../errors.ts';
import { readInput } from '../files.ts';
import { connectionOptions, option } from '../options/shared.ts';
import { durationOption, numberOption } from '../options/values.ts';
import type { Notification } from './notify.ts';
import type { Pace, Validity } from './renewal-schedule.ts';

/** @param verb `renew` or `rekey`: the period option is named after it */
export const renewalOptions = (verb: 'renew' | 'rekey'): readonly OptionDefinition[] => [
  {
    name: 'expires-in',
    value: 'duration',
    description: `Do nothing while more than this is left (and a twentieth of it by chance, so that many machines do not come at once).`,
  },
  option.force,
  option.passwordFile,
  { name: 'exec', value: 'command', description: 'Run this command afterwards; split at spaces, no shell.' },
  { name: 'pid', value: 'number', description: 'Signal this process afterwards.' },
  { name: 'pid-file', value: 'file', description: 'Signal the process whose id is in this file.' },
  { name: 'signal', value: 'number', default: '1', description: 'The signal; 1 is SIGHUP.' },
  {
    name: 'daemon',
    description: `Stay and ${verb} whenever a third of the life is left. SIGHUP does it at once, SIGTERM ends.`,
  },
  { name: `${verb}-period`, value: 'duration', description: 'With --daemon: at this interval instead.' },
  ...connectionOptions,
];

export type RenewalPlan = { readonly daemon: boolean; readonly pace: Pace; readonly notification: Notification };

/** @throws {AppError} ERR_CLI_USAGE (invalid) for options that contradict each other or the certificate */
export function planRenewal({ options }: Invocation, verb: 'renew' | 'rekey', validity: Validity): RenewalPlan {
  const expiresInMs = durationOption(options, 'expires-in') || undefined;
  const periodMs = durationOption(options, `${verb}-period`) || undefined;
  const daemon = options.isOn('daemon');
  if (expiresInMs && periodMs) throw usage(`--expires-in: not together with --${verb}-period`);
  if (periodMs && !daemon) throw usage(`--${verb}-period: needs --daemon`);
  const life = validity.notAfter - validity.notBefore;
  if (periodMs && periodMs >= life) throw usage(`--${verb}-period: longer than the certificate lives`);
  if (expiresInMs && expiresInMs > life) throw usage('--expires-in: longer than the certificate lives');
  if (options.isSet('pid') && options.isSet('pid-file')) throw usage('--pid: not together with --pid-file');
  return {
    daemon,
    pace: { expiresInMs, periodMs },
    notification: {
      pid: numberOption(options, 'pid') ?? pidFromFile(options.text('pid-file')),
      signal: numberOption(options, 'signal') ?? 1,
      command: options.text('exec'),
    },
  };
}

function pidFromFile(path: string | undefined): number | undefined {
  if (!path) return undefined;
  const text = readInput(path).trim();
  if (!/^[1-9]\d{0,9}$/.test(text)) throw usage(`--pid-file: ${path} holds no process id`);
  return Number(text);
}
