/** What can be wrong with a key file. Messages never hold key bytes or passwords. */
import { AppError } from '../errors/index.ts';

export const keyFormat = (problem: string, cause?: unknown): AppError =>
  new AppError('ERR_KEY_FORMAT', 'invalid', `private key: ${problem}`, { cause });

export const keyPasswordMissing = (): AppError =>
  new AppError('ERR_KEY_PASSWORD', 'invalid', 'private key: is encrypted and no password was given');

export const keyPasswordWrong = (): AppError =>
  new AppError('ERR_KEY_PASSWORD', 'invalid', 'private key: the password does not open it');
