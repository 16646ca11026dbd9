/** Why a step of a rollover is not taken. */
import { AppError } from '../../lib/errors/index.ts';

export const wrongPhase = (problem: string, hint: string): AppError =>
  new AppError('ERR_ROLLOVER_PHASE', 'conflict', `rollover: ${problem}`, { hint });

export const tooEarly = (what: string, from: Date): AppError =>
  new AppError(
    'ERR_ROLLOVER_TOO_EARLY',
    'conflict',
    `rollover: too early to ${what}, wait until ${from.toISOString()}`,
    {
      hint: 'until then there may be clients that have not fetched the roots since the last step; --force does it anyway',
    },
  );

export const keyUnfit = (path: string, of: string): AppError =>
  new AppError('ERR_ROLLOVER_KEY', 'invalid', `rollover: ${path} is not the private key of ${of}`, {
    hint: 'name the key with --root-key',
  });

export const rootKeyUnknown = (root: string): AppError =>
  new AppError('ERR_ROLLOVER_KEY', 'invalid', `rollover: no file in certs/ tells where the key of ${root} is`, {
    hint: 'name the key with --root-key',
  });

export const rootKeyMissing = (path: string): AppError =>
  new AppError('ERR_ROLLOVER_KEY', 'invalid', `rollover: the key of the root is not there: ${path}`, {
    hint: 'name the key with --root-key; it may be kept away from the CA',
  });
