/** Errors of the CA's database. */
import { AppError } from '../../lib/errors/index.ts';

export const storeOpen = (path: string, cause: unknown): AppError =>
  new AppError('ERR_CA_STORE_OPEN', 'unavailable', `database ${path}: cannot be opened`, {
    cause,
    hint: 'check that the folder of db.dataSource exists and may be written, and that the file is not damaged',
  });

export const storeWrite = (cause: unknown): AppError =>
  new AppError('ERR_CA_STORE_WRITE', 'internal', 'database: the change could not be kept', {
    cause,
    hint: 'look for a full disk or a read-only volume',
  });
