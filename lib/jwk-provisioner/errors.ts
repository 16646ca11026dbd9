/** What can be wrong with a provisioner key. Messages never hold key material or passwords. */
import { AppError } from '../errors/index.ts';

export const provisionerPassword = (): AppError =>
  new AppError('ERR_PROVISIONER_PASSWORD', 'invalid', 'provisioner key: the password does not open it', {
    hint: 'the password file must hold the password the provisioner was made with',
  });

export const provisionerKey = (problem: string): AppError =>
  new AppError('ERR_PROVISIONER_KEY', 'invalid', `provisioner key: ${problem}`);
