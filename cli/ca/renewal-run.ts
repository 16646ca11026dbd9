/** What `ca renew` and `ca rekey` do around the request itself: too early, overwrite, once or for ever, notify. */
import { formatGoDuration, systemClock } from '../../lib/time/index.ts';
import type { Invocation } from '../command.ts';
import { confirmOverwrite } from '../files.ts';
import type { KeyPair } from './key-pair.ts';
import { notify } from './notify.ts';
import { processSignals } from './process-signals.ts';
import { runRenewalDaemon } from './renewal-daemon.ts';
import { planRenewal } from './renewal-options.ts';
import { isTooEarly, type Validity } from './renewal-schedule.ts';

export type Renewal = {
  readonly verb: 'renew' | 'rekey';
  readonly pair: KeyPair;
  /** Files that `act` will write. */
  readonly outputs: readonly string[];
  /** Asks the CA, writes the files, answers with the new certificate's validity. May be called again and again. */
  readonly act: () => Promise<Validity>;
  /** Says what was written, when it is done once. */
  readonly announce: () => void;
};

/** Resolves to the exit code. @throws {AppError} what the request, the files and the notification may say */
export async function runRenewal(invocation: Invocation, renewal: Renewal): Promise<number> {
  const { options, terminal } = invocation;
  const { verb, pair, outputs, act, announce } = renewal;
  const { daemon, pace, notification } = planRenewal(invocation, verb, pair.leaf);
  const done = verb === 'renew' ? 'renewed' : 'rekeyed';
  if (daemon) {
    const actAndNotify = async (): Promise<Validity> => {
      const validity = await act();
      await notify(notification);
      return validity;
    };
    await runRenewalDaemon(
      { name: pair.leaf.commonName, verb: done, validity: pair.leaf, pace, act: actAndNotify },
      { clock: systemClock, terminal, signals: processSignals, chance: Math.random },
    );
    return 0;
  }
  const now = Date.now();
  if (pace.expiresInMs !== undefined && isTooEarly(pair.leaf, pace.expiresInMs, now, Math.random())) {
    const left = Math.round((pair.leaf.notAfter - now) / 1000) * 1000;
    terminal.note(`certificate not ${done}: expires in ${formatGoDuration(left)}`);
    return 0;
  }
  for (const path of outputs) await confirmOverwrite(terminal, path, options.isOn('force'));
  await act();
  announce();
  await notify(notification);
  return 0;
}
