/**
 * The Secret that carries a one-time token to the init container in token mode `secret`. Name, label, key and type are
 * upstream's, so that its images and its cleaning habits work; the expiry annotation is ours and lets any replica sweep.
 * Pure.
 */
import type { V1Secret } from '@kubernetes/client-node';
import type { EpochMs } from '../../lib/time/index.ts';

/** Label of every token Secret, as upstream. */
export const tokenSecretLabel = 'autocert.step.sm/token';
/** RFC 3339; after it the token is worthless and the Secret may go. */
export const tokenExpiryAnnotation = 'autocert.step.sm/expires';
/** The one key of the Secret, referred to by STEP_TOKEN. */
export const tokenSecretKey = 'token';
/** Lifetime of a token, as upstream and as the step CLI. */
export const tokenLifetimeMs = 5 * 60 * 1000;

/** The API server appends five characters and cuts what is longer than 63 in all. */
const maxPrefixLength = 58;

/**
 * Beginning of the Secret's name: `<name>-` as upstream wherever that is a DNS name, else the nearest that is one
 * (upstream fails for upper case, `*`, `:`, `/`, `@` and long names).
 */
export function tokenSecretPrefix(certificateName: string): string {
  const labels = certificateName
    .toLowerCase()
    .split('.')
    .map((label) => label.replace(/[^a-z0-9-]+/g, '-').replace(/^-+|-+$/g, ''))
    .filter((label) => label !== '');
  const base = labels
    .join('.')
    .slice(0, maxPrefixLength - 1)
    .replace(/[.-]+$/, '');
  return `${base === '' ? 'autocert' : base}-`;
}

/** What stands in the patch of a dry run, where no Secret is made: looks like the name of one, and is none. */
export const dryRunSecretName = (certificateName: string): string => `${tokenSecretPrefix(certificateName)}dryrun`;

/** The Secret as it is sent to the API server, which completes its name. */
export function buildTokenSecret(input: {
  readonly certificateName: string;
  readonly token: string;
  readonly expiresAt: EpochMs;
}): V1Secret {
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: {
      generateName: tokenSecretPrefix(input.certificateName),
      labels: { [tokenSecretLabel]: 'true' },
      annotations: { [tokenExpiryAnnotation]: new Date(input.expiresAt).toISOString() },
    },
    type: 'Opaque',
    data: { [tokenSecretKey]: Buffer.from(input.token).toString('base64') },
  };
}

/** When a token Secret has outlived its token. Those of upstream carry no annotation: five minutes after creation. */
export function tokenSecretExpiry(secret: {
  readonly createdAt: EpochMs;
  readonly annotations: Readonly<Record<string, string>>;
}): EpochMs {
  const written = Date.parse(secret.annotations[tokenExpiryAnnotation] ?? '');
  return Number.isNaN(written) ? secret.createdAt + tokenLifetimeMs : written;
}
