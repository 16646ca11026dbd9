/** Refused names. A message names the annotation, the value and the rule; the hint is the remedy. */
import { AppError } from '../../errors/index.ts';
import { quote } from '../quote.ts';
import type { SourcedName } from './policy.ts';
import type { NameProblem } from './syntax.ts';

export const nameInvalid = ({ annotation, value }: SourcedName, { rule, remedy }: NameProblem): AppError =>
  new AppError(
    'ERR_NAME_INVALID',
    'invalid',
    `annotation ${annotation}: ${quote(value)} is not a valid name: ${rule}`,
    {
      hint: remedy,
      context: { annotation },
    },
  );

export const nameOfOtherNamespace = (
  { annotation, value }: SourcedName,
  namespace: string,
  clusterDomain: string,
): AppError =>
  new AppError(
    'ERR_NAME_FORBIDDEN',
    'forbidden',
    // "matches … permitted" are upstream's words: scripts look for them.
    `annotation ${annotation}: ${quote(value)} matches a namespace other than "${namespace}" and is not permitted`,
    {
      hint: `use a name that ends in .${namespace}.svc or .${namespace}.svc.${clusterDomain}, or set restrictCertificatesToNamespace to false in the webhook's config.yaml`,
      context: { annotation, namespace },
    },
  );
