/** Errors of the commands that operators work on the CA's database with. */
import { AppError } from '../../lib/errors/index.ts';

export const noDatabase = (configPath: string): AppError =>
  new AppError('ERR_CA_NO_DATABASE', 'invalid', `${configPath}: there is no db, so nothing is kept`, {
    hint: 'give the ca.json of a CA with a database',
  });

export const flagInvalid = (flag: string, value: string, wanted: string): AppError =>
  new AppError('ERR_CA_FLAG', 'invalid', `${flag} ${value}: ${wanted}`);

export const certificateUnknown = (serial: string): AppError =>
  new AppError('ERR_CA_CERTIFICATE_UNKNOWN', 'not-found', `certificate ${serial}: not in the database`, {
    hint: 'find it with "autocert ca certificate search NAME"; long after its end it has been deleted',
  });

export const outputExists = (path: string): AppError =>
  new AppError('ERR_CA_OUTPUT_EXISTS', 'conflict', `${path}: exists already`, {
    hint: 'give --force to overwrite it, or another file name',
  });

export const outputUnwritable = (path: string, cause: unknown): AppError =>
  new AppError('ERR_CA_OUTPUT', 'unavailable', `${path}: cannot be written`, { cause });

export const backupUnusable = (path: string, problem: string, cause?: unknown): AppError =>
  new AppError('ERR_CA_BACKUP', 'invalid', `backup ${path}: ${problem}`, { cause });
