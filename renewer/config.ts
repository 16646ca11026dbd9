/** The environment of the renewer beyond what every pod program reads. Pure. */
import { type ListenAddress, parseListenAddress } from '../lib/http/index.ts';
import { type Environment, type PodSettings, parseChoice, parsePodSettings } from '../lib/pod/index.ts';
import type { RenewMethod } from './decide.ts';

/** How the time between two renewals is spent: in a small process, as Node, or as fits. */
export type IdleMode = 'auto' | 'resident' | 'exec';

export type RenewerSettings = PodSettings & {
  readonly method: RenewMethod;
  readonly idle: IdleMode;
  /** Where metrics are served; then the program stays resident. */
  readonly metricsAddress: ListenAddress | undefined;
};

/** @throws {AppError} ERR_POD_ENVIRONMENT, ERR_LISTEN_ADDRESS and the others of {@link parsePodSettings} (invalid) */
export function parseRenewerSettings(env: Environment): RenewerSettings {
  const metricsAddress = env.AUTOCERT_METRICS_ADDRESS?.trim();
  return {
    ...parsePodSettings(env),
    method: parseChoice(env, 'AUTOCERT_RENEW_METHOD', ['rekey', 'renew']),
    idle: parseChoice(env, 'AUTOCERT_IDLE', ['auto', 'resident', 'exec']),
    metricsAddress: metricsAddress ? parseListenAddress(metricsAddress) : undefined,
  };
}
