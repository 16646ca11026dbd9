/**
 * Failures of the volume that holds the certificate files, by what somebody can do about them. In each case the set
 * that was there before is still there.
 */
import { AppError, type ErrorDetails } from '../errors/index.ts';

const kept = 'the files that were there are untouched';

/** An error of the file system as one of ours; errors that are ours already pass through. */
export function volumeError(path: string, cause: unknown): AppError {
  if (cause instanceof AppError) return cause;
  const details = (hint: string): ErrorDetails => ({ cause, hint: `${hint}; ${kept}` });
  switch (errnoOf(cause)) {
    case 'ENOSPC':
    case 'EDQUOT':
      return new AppError('ERR_VOLUME_FULL', 'unavailable', `certificate files: no space left for ${path}`, {
        ...details('raise the sizeLimit of the volume, or free space on the node'),
      });
    case 'EROFS':
      return new AppError('ERR_VOLUME_READ_ONLY', 'unavailable', `certificate files: ${path} is read-only`, {
        ...details('mount the certs volume without readOnly in this container'),
      });
    case 'ENOENT':
    case 'ENOTDIR':
      return new AppError(
        'ERR_VOLUME_MISSING',
        'not-found',
        `certificate files: the folder of ${path} does not exist`,
        {
          ...details('mount the certs volume there in this container, or correct CRT, KEY and STEP_ROOT'),
        },
      );
    case 'EACCES':
    case 'EPERM':
      return new AppError('ERR_VOLUME_PERMISSION', 'forbidden', `certificate files: ${path} may not be written`, {
        ...details(
          'this container runs as another user than the volume allows: set fsGroup, or correct owner and mode',
        ),
      });
    default:
      return new AppError('ERR_VOLUME_IO', 'unavailable', `certificate files: ${path} cannot be written`, {
        ...details('the cause above is what the file system said'),
      });
  }
}

/** A set that cannot be used, and why; what is wrong with it is told to the caller, not thrown. */
export const badPaths = (problem: string): AppError =>
  new AppError('ERR_CERTIFICATE_PATHS', 'invalid', `certificate files: ${problem}`, {
    hint: 'CRT, KEY and STEP_ROOT are three different absolute paths whose names do not begin with two dots',
  });

/** `ENOENT` and the like, undefined for anything that the system did not say. */
export function errnoOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}
