/** Errors of ca.json. The file is named by its path; values that could be secrets are never quoted. */
import { AppError } from '../../lib/errors/index.ts';

export const configNotJson = (path: string, cause: unknown): AppError =>
  new AppError('ERR_CA_CONFIG_JSON', 'invalid', `${path}: not JSON`, { cause });

/** A value that cannot be meant: the server does not start with it. */
export const configInvalid = (field: string, problem: string, hint?: string): AppError =>
  new AppError('ERR_CA_CONFIG', 'invalid', `${field} ${problem}`, { context: { field }, ...(hint ? { hint } : {}) });

/** A setting that step-ca knows and this server does not: leaving it out could issue what it forbids. */
export const configUnsupported = (field: string, problem: string): AppError =>
  new AppError('ERR_CA_CONFIG_UNSUPPORTED', 'invalid', `${field}: ${problem}`, {
    context: { field },
    hint: 'remove the setting, or run step-ca with this file; docs/divergences/step-ca.md lists what is missing',
  });
