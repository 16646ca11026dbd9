/** The flag --keep-expired of `serve` and `prune`. */
import { AppError } from '../../lib/errors/index.ts';
import { tryParseGoDuration } from '../../lib/time/index.ts';
import { defaultKeepExpiredMs } from './pruning.ts';

/**
 * Milliseconds; undefined keeps expired certificates for good.
 * @throws {AppError} ERR_CA_FLAG (invalid)
 */
export function parseKeepExpired(text: string | undefined): number | undefined {
  if (text === undefined) return defaultKeepExpiredMs;
  if (text === 'forever') return undefined;
  const ms = tryParseGoDuration(text);
  if (ms !== undefined && ms >= 0) return ms;
  throw new AppError('ERR_CA_FLAG', 'invalid', `--keep-expired ${text}: is not a duration`, {
    hint: 'write a duration such as 720h, or forever',
  });
}
