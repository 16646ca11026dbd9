/** Errors of the CA's database. */
import { AppError } from '../../lib/errors/index.ts';

export const storeOpen = (database: string, cause: unknown): AppError =>
  new AppError('ERR_CA_STORE_OPEN', 'unavailable', `database ${database}: cannot be opened`, {
    cause,
    hint: 'check that the folder of db.dataSource exists and may be written, and that the file is not damaged',
  });

export const storeConnect = (database: string, cause: unknown): AppError =>
  new AppError('ERR_CA_STORE_CONNECT', 'unavailable', `database ${database}: cannot be used`, {
    cause,
    hint: 'check db.dataSource, that the server runs and lets this user in, and that the user may create tables',
  });

export const storeAddress = (problem: string): AppError =>
  new AppError('ERR_CA_STORE_ADDRESS', 'invalid', `db.dataSource: ${problem}`, {
    hint: 'write postgresql://user:password@host:5432/?sslmode=verify-full, or host=… user=… password=…',
  });

export const storeNewer = (found: number, known: number): AppError =>
  new AppError(
    'ERR_CA_STORE_NEWER',
    'invalid',
    `database: its schema has version ${found}, this program knows ${known}`,
    {
      hint: 'a newer release has worked on it: run that release, or restore a backup into a new database',
    },
  );

export const storeOutdated = (found: number, known: number): AppError =>
  new AppError(
    'ERR_CA_STORE_OUTDATED',
    'invalid',
    `database: its schema has version ${found}, this program wants ${known}`,
    { hint: 'start the CA of this release once: it brings the tables up to date' },
  );

export const storeWrite = (cause: unknown): AppError =>
  new AppError('ERR_CA_STORE_WRITE', 'internal', 'database: the change could not be kept', {
    cause,
    hint: 'look for a full disk or a read-only volume',
  });

export const storeUnavailable = (cause: unknown): AppError =>
  new AppError('ERR_CA_STORE_UNAVAILABLE', 'unavailable', 'database: does not answer', {
    cause,
    hint: 'the CA goes on by itself as soon as the database is back',
  });

export const storeFailed = (cause: unknown): AppError =>
  new AppError(
    'ERR_CA_STORE_FAILED',
    'unavailable',
    'database: the disk did not keep a change, nothing is written any more',
    {
      cause,
      hint: 'look at the disk, then restart the CA',
    },
  );
