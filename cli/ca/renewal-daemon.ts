/**
 * `--daemon`: renews until it is told to stop. A failure is reported and tried again in a minute, for ever; the file
 * is replaced whole, so what it serves meanwhile stays valid.
 */
import { describeError } from '../../lib/errors/index.ts';
import { type Clock, formatGoDuration, sleepUntil } from '../../lib/time/index.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { type Pace, type Validity, waitBeforeRenewal } from './renewal-schedule.ts';

const retryMs = 60_000; // step's pause after a failure
const lookAtClockMs = 60_000; // a suspended machine is late by no more than this

export type DaemonWork = {
  readonly name: string;
  readonly verb: 'renewed' | 'rekeyed';
  readonly validity: Validity;
  readonly pace: Pace;
  /** Renews, writes, notifies; answers with the new certificate's validity. */
  readonly act: () => Promise<Validity>;
};

/** What the outside says: `renew` from SIGHUP, `stop` from SIGINT and SIGTERM. */
export interface DaemonSignals {
  onRenew(listener: () => void): void;
  onStop(listener: () => void): void;
}

export async function runRenewalDaemon(
  work: DaemonWork,
  {
    clock,
    terminal,
    signals,
    chance,
  }: { clock: Clock; terminal: Terminal; signals: DaemonSignals; chance: () => number },
): Promise<void> {
  let stopped = false;
  let waiting = new AbortController();
  signals.onRenew(() => waiting.abort());
  signals.onStop(() => {
    stopped = true;
    waiting.abort();
  });
  let wait = waitBeforeRenewal(work.validity, work.pace, clock.now(), chance());
  terminal.note(`first renewal in ${inSeconds(wait)}`);
  for (;;) {
    await sleepUntil(clock, clock.now() + wait, lookAtClockMs, waiting.signal);
    if (stopped) return;
    waiting = new AbortController();
    try {
      const validity = await work.act();
      wait = waitBeforeRenewal(validity, work.pace, clock.now(), chance());
      terminal.note(`${work.name} certificate ${work.verb}, next in ${inSeconds(wait)}`);
    } catch (error) {
      wait = retryMs;
      terminal.note(`${terminal.errorStyles.red('error:')} ${describeError(error)}, next try in ${inSeconds(wait)}`);
    }
  }
}

const inSeconds = (ms: number): string => formatGoDuration(Math.round(ms / 1000) * 1000);
