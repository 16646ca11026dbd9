/** Errors of `init --kubernetes-prefix`: names of objects and keys, never their content. */
import { AppError } from '../../../lib/errors/index.ts';

export const objectMissing = (kind: string, name: string): AppError =>
  new AppError('ERR_CA_PKI_OBJECT', 'not-found', `${kind} ${name}: does not exist`, {
    hint: 'the chart makes it, empty; install or upgrade the release again',
  });

/** Nothing is made anew beside a PKI that is there in part. */
export const pkiIncomplete = (place: string, key: string, hint: string): AppError =>
  new AppError('ERR_CA_PKI_INCOMPLETE', 'conflict', `${place}: holds no ${key}, though a PKI was made before`, {
    hint,
  });

export const caJsonUnreadable = (place: string, cause: unknown): AppError =>
  new AppError('ERR_CA_CONFIG_JSON', 'invalid', `${place}: ca.json is not JSON`, { cause });

export const neverSettled = (): AppError =>
  new AppError('ERR_CA_PKI_BUSY', 'unavailable', 'kubernetes: the objects of the PKI change all the time', {
    hint: 'look for another program that writes them',
  });
