/** `autocert demo`: the whole product on one machine, in about two minutes. */
import type { Command } from '../command.ts';
import { usage } from '../errors.ts';

export const command: Command = {
  path: ['demo'],
  summary: 'see the whole product at work on this machine, no cluster needed',
  description:
    'Starts a CA and the webhook, runs the hello-mtls server and client of examples/ as annotated pods, and shows how ' +
    'their certificates are issued and rotated while requests go on, over kept and new connections. Ends with 0 only ' +
    'if no request failed and every certificate was rotated as often as wanted. Leaves nothing behind.',
  options: [
    { name: 'keep', description: 'Stay up afterwards and print what to try next.' },
    { name: 'lifetime', value: 'duration', default: '1m', description: 'Life of the certificates, at least 5s.' },
    { name: 'rotations', value: 'number', default: '2', description: 'How often each certificate is to be rotated.' },
    {
      name: 'token-mode',
      value: 'mode',
      choices: ['service-account', 'secret'],
      default: 'service-account',
      description: 'How pods get their one-time token.',
    },
  ],
  examples: [
    { title: 'Two minutes:', command: 'autocert demo' },
    { title: 'In a hurry, and something to play with afterwards:', command: 'autocert demo --lifetime 15s --keep' },
  ],
  async run({ options, terminal }) {
    const [{ runDemo }, { parseGoDuration }] = await Promise.all([
      import('../local/demo/demo.ts'),
      import('../../lib/time/index.ts'),
    ]);
    const lifetime = options.required('lifetime');
    if (parseGoDuration(lifetime) < 5_000) throw usage(`--lifetime ${lifetime}: less than 5s`);
    const rotations = Number(options.required('rotations'));
    if (!Number.isInteger(rotations) || rotations < 1)
      throw usage(`--rotations ${options.text('rotations')}: not a number from 1`);
    const tokenMode = options.text('token-mode') === 'secret' ? 'secret' : 'service-account';
    return runDemo({ lifetime, rotations, tokenMode, keep: options.isOn('keep') }, terminal);
  },
};
