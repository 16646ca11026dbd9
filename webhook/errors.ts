/** Errors of the webhook's own making, apart from those of the admission and bootstrap decisions. */
import { AppError, describeError } from '../lib/errors/index.ts';

/** The provisioner key is not there yet: the CA is late, or its answer was no use. `why` is what /readyz says. */
export const notReady = (why: string): AppError =>
  new AppError('ERR_NOT_READY', 'unavailable', `webhook: cannot make tokens yet: ${why}`, {
    hint: 'GET /readyz of the webhook says what it waits for; it goes on by itself',
  });

export const fileUnreadable = (setting: string, path: string, cause: unknown): AppError =>
  new AppError('ERR_FILE_UNREADABLE', 'unavailable', `${setting}: ${path} cannot be read`, {
    cause,
    hint: 'mount the file; it is looked for again until it is there',
  });

export const configUnreadable = (path: string, cause: unknown): AppError =>
  new AppError('ERR_CONFIG_UNREADABLE', 'invalid', `config: ${path} cannot be read`, {
    cause,
    hint: 'the one argument is the path of config.yaml',
  });

export const rootsInvalid = (path: string, cause: unknown): AppError =>
  new AppError('ERR_ROOTS_INVALID', 'invalid', `rootCAPath: ${path}: ${describeError(cause)}`, {
    cause,
    hint: 'the file holds one or more root certificates in PEM',
  });

export const provisionerNotFound = (name: string, kid: string | undefined, present: readonly string[]): AppError =>
  new AppError(
    'ERR_PROVISIONER_NOT_FOUND',
    'not-found',
    `PROVISIONER_NAME: the CA has no JWK provisioner "${name}"${kid === undefined ? '' : ` with the key "${kid}"`}`,
    { hint: `JWK provisioners of the CA: ${present.length === 0 ? 'none' : [...new Set(present)].join(', ')}` },
  );

export const servingCertificateExpired = (): AppError =>
  new AppError('ERR_SERVING_CERTIFICATE_EXPIRED', 'unavailable', 'serving certificate: expired and not renewed');

export const tokenSecretLimit = (namespace: string, limit: number): AppError =>
  new AppError(
    'ERR_TOKEN_SECRET_LIMIT',
    'rate-limited',
    `token: namespace "${namespace}" has ${limit} unused token Secrets`,
    {
      hint:
        'each one lives for five minutes; look for what makes so many pods, raise tokenSecretLimit, or set tokenMode: ' +
        'service-account, which needs no Secrets',
    },
  );
