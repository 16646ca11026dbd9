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

/** Everything that is missing at once: each round of asking an administrator takes a day. */
export const rightsMissing = (missing: readonly string[]): AppError =>
  new AppError('ERR_CLUSTER_RIGHTS', 'forbidden', `you may not:\n  ${missing.join('\n  ')}\nnothing was changed`, {
    hint: 'ask an administrator of the cluster for these rights, or to install',
  });

export const tooOld = (version: string): AppError =>
  new AppError('ERR_CLUSTER_TOO_OLD', 'invalid', `Kubernetes ${version} has no ValidatingAdmissionPolicy`, {
    hint: 'install with the Helm chart, which does without it on older clusters',
  });

export const installedOtherwise = (what: string, hint: string): AppError =>
  new AppError('ERR_CLUSTER_INSTALLED_OTHERWISE', 'conflict', `autocert is installed already: ${what}`, { hint });

export const applyRefused = (title: string, status: number, message: string): AppError =>
  new AppError(
    'ERR_CLUSTER_APPLY',
    status === 409 ? 'conflict' : 'invalid',
    `${title}: not applied (${status}): ${message}`,
    {
      hint:
        status === 409
          ? 'somebody else has set these fields; --force takes them over'
          : 'run it again when that is settled; it goes on where it stopped',
    },
  );

export const notReady = (what: string): AppError =>
  new AppError('ERR_CLUSTER_NOT_READY', 'unavailable', `applied, but not ready in time: ${what}`, {
    hint: 'it may still become ready; "autocert doctor" says what is wrong, and running this again goes on waiting',
  });
