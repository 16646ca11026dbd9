/** What the init container's decisions need of the outside world. */
import type { Logger } from '../lib/log/index.ts';
import type { CertificateStore, Enroller } from '../lib/pod/index.ts';
import type { Clock } from '../lib/time/index.ts';

export type BootstrapPorts = {
  readonly enroller: Enroller;
  readonly store: CertificateStore;
  readonly clock: Clock;
  /** 0 <= random < 1 */
  readonly random: () => number;
  readonly log: Logger;
};
