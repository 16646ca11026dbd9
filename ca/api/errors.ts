/** What is wrong with a request before the authority sees it. The messages are step-ca's. */
import { AppError } from '../../lib/errors/index.ts';

export const jsonMalformed = (): AppError => new AppError('ERR_REQUEST_JSON', 'invalid', 'error decoding json');

/** A required part of a request is not there. */
export const missing = (what: string): AppError => new AppError('ERR_REQUEST_MISSING', 'invalid', `missing ${what}`);

export const csrSignature = (): AppError => new AppError('ERR_REQUEST_CSR_SIGNATURE', 'invalid', 'invalid csr');

export const limitInvalid = (limit: string): AppError =>
  new AppError('ERR_REQUEST_LIMIT', 'invalid', `limit '${limit}' is not an integer`);

export const serialInvalid = (serial: string): AppError =>
  new AppError(
    'ERR_REQUEST_SERIAL',
    'invalid',
    `'${serial}' is not a valid serial number - use a base 10 representation or a base 16 representation with '0x' prefix`,
  );

export const reasonCodeInvalid = (): AppError =>
  new AppError('ERR_REQUEST_REASON_CODE', 'invalid', 'reasonCode out of bounds');

export const rootUnknown = (sha256: string): AppError =>
  new AppError('ERR_ROOT_UNKNOWN', 'not-found', `root certificate with fingerprint "${sha256}" was not found`);

export const keyUnknown = (kid: string): AppError =>
  new AppError('ERR_KEY_UNKNOWN', 'not-found', 'no encrypted key with this id', { context: { kid } });

export const sshNotEnabled = (): AppError =>
  new AppError('ERR_SSH_NOT_ENABLED', 'not-found', 'SSH certificates are not offered here');

/** A part of step-ca's API that this server does not offer. */
export const notOffered = (what: string, kind: 'not-found' | 'unavailable'): AppError =>
  new AppError(kind === 'not-found' ? 'ERR_NOT_ENABLED' : 'ERR_NOT_IMPLEMENTED', kind, `${what} is not offered here`);
