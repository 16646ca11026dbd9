/** Every error of the command line itself. What the CA, a certificate or a key says has its code in lib. */
import { AppError } from '../lib/errors/index.ts';

/** Wrong use: exit code 2. */
export const usage = (detail: string, hint?: string): AppError =>
  new AppError('ERR_CLI_USAGE', 'invalid', detail, hint === undefined ? {} : { hint });

export const unsupported = (detail: string, hint: string): AppError =>
  new AppError('ERR_CLI_UNSUPPORTED', 'invalid', detail, { hint });

/** A question would have to be asked and nobody is there. */
export const noTerminal = (question: string, hint: string): AppError =>
  new AppError('ERR_CLI_NO_TERMINAL', 'invalid', `${question}: there is no terminal to ask on`, { hint });

export const cancelled = (what: string): AppError =>
  new AppError('ERR_CLI_CANCELLED', 'conflict', `${what}: cancelled`);

export const fileUnreadable = (path: string, cause: unknown): AppError =>
  new AppError('ERR_CLI_FILE', 'not-found', `${path}: cannot be read`, { cause });

export const fileUnwritable = (path: string, cause: unknown): AppError =>
  new AppError('ERR_CLI_FILE', 'forbidden', `${path}: cannot be written`, { cause });

export const fileExists = (path: string): AppError =>
  new AppError('ERR_CLI_FILE_EXISTS', 'conflict', `${path}: exists already`, {
    hint: 'give --force to overwrite it, or another file name',
  });

export const settingsFile = (path: string, problem: string, cause?: unknown): AppError =>
  new AppError('ERR_CLI_SETTINGS', 'invalid', `${path}: ${problem}`, { cause });

export const noProvisioner = (detail: string, hint: string): AppError =>
  new AppError('ERR_CLI_PROVISIONER', 'not-found', detail, { hint });

export const badToken = (detail: string, hint?: string): AppError =>
  new AppError('ERR_CLI_TOKEN', 'invalid', detail, hint === undefined ? {} : { hint });

/** A file holds something else than it should. */
export const badInput = (detail: string, hint?: string): AppError =>
  new AppError('ERR_CLI_INPUT', 'invalid', detail, hint === undefined ? {} : { hint });

export const remoteServer = (address: string, cause: unknown): AppError =>
  new AppError('ERR_CLI_SERVER', 'unavailable', `${address}: no TLS connection`, { cause });

export const notVerified = (what: string, problem: string, hint?: string): AppError =>
  new AppError(
    'ERR_CLI_NOT_VERIFIED',
    'forbidden',
    `${what}: not valid, ${problem}`,
    hint === undefined ? {} : { hint },
  );

export const notifyFailed = (detail: string, cause?: unknown): AppError =>
  new AppError('ERR_CLI_NOTIFY', 'unavailable', detail, {
    cause,
    hint: 'the new certificate is in place; only the notification failed',
  });
