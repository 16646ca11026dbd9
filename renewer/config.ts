/** The environment of the renewer beyond what every pod program reads. Pure. */
import { type Environment, type PodSettings, parseChoice, parsePodSettings } from '../lib/pod/index.ts';
import type { RenewMethod } from './decide.ts';

/** How the time between two renewals is spent: in a small process, as Node, or as fits. */
export type IdleMode = 'auto' | 'resident' | 'exec';

export type RenewerSettings = PodSettings & { readonly method: RenewMethod; readonly idle: IdleMode };

/** @throws {AppError} ERR_POD_ENVIRONMENT and the others of {@link parsePodSettings} (invalid) */
export function parseRenewerSettings(env: Environment): RenewerSettings {
  return {
    ...parsePodSettings(env),
    method: parseChoice(env, 'AUTOCERT_RENEW_METHOD', ['rekey', 'renew']),
    idle: parseChoice(env, 'AUTOCERT_IDLE', ['auto', 'resident', 'exec']),
  };
}
