/** Files of the CA that cannot be used. */
import { AppError } from '../../lib/errors/index.ts';

export const fileUnreadable = (what: string, path: string, cause: unknown): AppError =>
  new AppError('ERR_CA_FILE', 'invalid', `${what} ${path}: cannot be read`, {
    cause,
    hint: 'relative paths in ca.json count from the working directory',
  });

export const fileUnusable = (what: string, path: string, cause: unknown): AppError =>
  new AppError('ERR_CA_FILE_CONTENT', 'invalid', `${what} ${path}: cannot be used`, { cause });

export const webhookAnswerTooLong = (limit: number): AppError =>
  new AppError('ERR_CA_WEBHOOK_ANSWER', 'unavailable', `the answer of a webhook has more than ${limit} bytes`);

export const commonNameOfIssuer = (name: string): AppError =>
  new AppError(
    'ERR_CA_COMMON_NAME',
    'invalid',
    `commonName ${JSON.stringify(name)} is the name of the issuing certificate`,
    {
      hint: 'TLS clients refuse a server certificate that seems to be self-issued; choose another commonName',
    },
  );
