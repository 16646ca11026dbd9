/** What can go wrong in a pod apart from the CA and the volume, each with what the owner of the pod can do. */
import { AppError, describeError } from '../errors/index.ts';
import { redactText } from '../log/index.ts';
import { formatGoDuration } from '../time/index.ts';

export const badEnvironment = (variable: string, problem: string, hint?: string): AppError =>
  new AppError('ERR_POD_ENVIRONMENT', 'invalid', `${variable}: ${problem}`, {
    hint: hint ?? 'the webhook sets it; an image of your own must pass it on unchanged',
  });

export const tokenMissing = (): AppError =>
  new AppError(
    'ERR_TOKEN_MISSING',
    'unauthenticated',
    'STEP_TOKEN: empty, the Secret with the one-time token is gone',
    {
      hint:
        'token Secrets are removed after five minutes: delete the pod, so that its owner makes a new one with a new ' +
        'token, or set tokenMode: service-account, which needs no Secret',
    },
  );

/** @param spentByUs an earlier attempt of ours reached the CA but its answer was lost */
export const tokenRefused = (cause: AppError, spentByUs: boolean): AppError =>
  new AppError('ERR_TOKEN_REFUSED', 'unauthenticated', 'one-time token: refused by the CA', {
    cause,
    context: cause.context,
    hint: spentByUs
      ? 'an earlier attempt used it and its answer was lost: delete the pod, so that it gets a new one'
      : 'it was used before, is older than five minutes, or the CA was restarted after it was made: delete the pod, ' +
        'so that it gets a new one',
  });

export const tokenFileUnreadable = (path: string, cause: unknown): AppError =>
  new AppError('ERR_TOKEN_FILE', 'unavailable', `service account token: ${path} cannot be read`, {
    cause,
    hint: 'the projected volume with audience autocert.step.sm must be mounted there in this container',
  });

export const gaveUp = (deadlineMs: number, attempts: number, cause: AppError): AppError =>
  new AppError(
    'ERR_BOOTSTRAP_DEADLINE',
    'unavailable',
    `bootstrap: no certificate after ${attempts} attempts in ${formatGoDuration(deadlineMs)}`,
    { cause, ...(cause.hint === undefined ? {} : { hint: cause.hint }) },
  );

export const unusableCertificate = (problem: string): AppError =>
  new AppError('ERR_ISSUED_CERTIFICATE', 'invalid', `ca: the certificate that it issued cannot be used: ${problem}`, {
    hint: 'compare STEP_FINGERPRINT with the root of the CA, and look at the certificate template of the provisioner',
  });

/** For the termination message: what happened, then what to do. */
export function describeForPeople(error: unknown): string {
  const [code, hint] = error instanceof AppError ? [` ${error.code}`, error.hint && `\nhint: ${error.hint}`] : [];
  return redactText(`error${code ?? ''}: ${describeError(error)}${hint ?? ''}\n`);
}
