/** Refused configuration. The program does not start; the message says every problem that was found. */
import { AppError } from '../../errors/index.ts';

export const configRefused = (problems: readonly string[]): AppError =>
  new AppError('ERR_CONFIG', 'invalid', problems.join('; '), {
    hint: 'docs/reference/configuration.md lists the keys of config.yaml and what each may hold',
  });
