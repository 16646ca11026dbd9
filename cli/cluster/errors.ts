/** Errors of the commands that work on a cluster. What the API server says has its codes in lib/kubernetes. */
import { AppError } from '../../lib/errors/index.ts';

/** The object that was named is not there. */
export const objectNotFound = (name: string, hint: string): AppError =>
  new AppError('ERR_CLUSTER_OBJECT', 'not-found', `${name}: not found`, { hint });

/** Something that has to be known cannot be read. */
export const notReadable = (what: string, why: string, hint: string): AppError =>
  new AppError('ERR_CLUSTER_NOT_READABLE', 'forbidden', `${what}: cannot be read: ${why}`, { hint });

export const notInstalled = (why: string): AppError =>
  new AppError('ERR_CLUSTER_NOT_INSTALLED', 'not-found', `autocert is not installed in this cluster: ${why}`, {
    hint: 'install it with "autocert install"; "autocert doctor" says what is there',
  });
