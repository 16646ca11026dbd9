/** The signals of this process, for a command that stays. */
import type { DaemonSignals } from './renewal-daemon.ts';

export const processSignals: DaemonSignals = {
  onRenew: (listener) => {
    process.on('SIGHUP', listener);
  },
  onStop: (listener) => {
    process.on('SIGINT', listener);
    process.on('SIGTERM', listener);
  },
};
