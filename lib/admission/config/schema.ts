/**
 * The keys of config.yaml: upstream's under their names, then ours. The one place that says what each may hold and what
 * holds when it is absent; docs/reference/configuration.md is the same for readers, and a test compares both.
 *
 * An empty string counts as absent, as in upstream's generated files. Container and volume templates belong to Kubernetes:
 * only what the webhook itself relies on is checked, everything else is passed on.
 */
import * as z from 'zod';
import { isAppError } from '../../errors/index.ts';
import { parseListenAddress } from '../../http/index.ts';
import { parseGoDuration } from '../../time/index.ts';
import { findSyntaxProblem } from '../names/index.ts';

/** Refuses with the message of the AppError that `parse` throws. */
function parsedBy(parse: (text: string) => unknown) {
  return (text: string, context: z.core.$RefinementCtx<string>): void => {
    try {
      parse(text);
    } catch (error) {
      if (!isAppError(error)) throw error;
      context.addIssue({ code: 'custom', message: error.message, input: text });
    }
  };
}

const emptyIsAbsent = (value: unknown): unknown => (value === '' || value === null ? undefined : value);
const textOr = (fallback: string) => z.preprocess(emptyIsAbsent, z.string().default(fallback));
const choice = <const T extends readonly string[]>(values: T, fallback: T[number]) =>
  z.preprocess(emptyIsAbsent, z.enum(values).default(fallback as never));
const address = (fallback: string) =>
  z.preprocess(emptyIsAbsent, z.string().superRefine(parsedBy(parseListenAddress)).default(fallback));

const httpsUrl = z.string().superRefine((text, context) => {
  const url = URL.parse(text);
  const problem = !url
    ? 'not a URL'
    : url.protocol !== 'https:'
      ? 'not an https URL'
      : url.username || url.password || url.search || url.hash
        ? 'a URL without user, query and fragment is wanted'
        : undefined;
  // A URL may hold a password: the message does not show it
  if (problem) context.addIssue({ code: 'custom', message: problem, input: text.includes('@') ? undefined : text });
});

const duration = z.string().superRefine((text, context) => {
  parsedBy((value) => {
    if (parseGoDuration(value) <= 0) context.addIssue({ code: 'custom', message: 'must be positive', input: value });
  })(text, context);
});

const dnsName = z.string().superRefine((text, context) => {
  const problem = findSyntaxProblem(text.replace(/^\.+|\.+$/g, ''));
  if (problem) context.addIssue({ code: 'custom', message: problem.rule, input: text });
});

/** RFC 1123 label, as Kubernetes wants for containers, volumes and Services. */
const label = z
  .string()
  .regex(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/, 'not a DNS label (lower-case letters, digits, hyphens; at most 63)');

const containerTemplate = (name: string) =>
  z.looseObject({
    name: z.preprocess(emptyIsAbsent, label.default(name)),
    image: z.string('an image is wanted').min(1, 'an image is wanted'),
    env: z.array(z.looseObject({ name: z.string().min(1) })).nullish(),
    volumeMounts: z.array(z.looseObject({ name: z.string(), mountPath: z.string() })).nullish(),
    securityContext: z.looseObject({}).nullish(),
    restartPolicy: z.never('is set by the webhook, which knows whether a sidecar is native').optional(),
  });

export const configSchema = z.strictObject({
  address: address(':4443'),
  service: z.preprocess(emptyIsAbsent, label.default('autocert')),
  logFormat: choice(['json', 'text'], 'text'),
  caUrl: z.preprocess(emptyIsAbsent, httpsUrl),
  certLifetime: z.preprocess(emptyIsAbsent, duration.optional()),
  bootstrapper: containerTemplate('autocert-bootstrapper'),
  renewer: containerTemplate('autocert-renewer'),
  certsVolume: z.looseObject({ name: z.preprocess(emptyIsAbsent, label.default('certs')) }).default({
    name: 'certs',
    emptyDir: {},
  }),
  restrictCertificatesToNamespace: z.preprocess(emptyIsAbsent, z.boolean().default(false)),
  clusterDomain: z.preprocess(emptyIsAbsent, dnsName.default('')),
  rootCAPath: z.preprocess(emptyIsAbsent, z.string().optional()),
  provisionerPasswordPath: textOr('/home/step/password/password'),
  tokenMode: choice(['secret', 'service-account'], 'secret'),
  tokenSecretLimit: z.preprocess(emptyIsAbsent, z.int().min(0, 'must not be negative').default(1000)),
  bootstrapAddress: address(':4444'),
  bootstrapUrl: z.preprocess(emptyIsAbsent, httpsUrl.optional()),
  nativeSidecar: choice(['auto', 'always', 'never'], 'auto'),
  writeMode: choice(['atomic', 'in-place'], 'atomic'),
  renewMethod: choice(['rekey', 'renew'], 'rekey'),
  renewerMetricsPort: z.preprocess(
    emptyIsAbsent,
    z
      .int()
      .max(65535, 'not a port')
      .refine((port) => port === 0 || port >= 1024, 'a port from 1024 to 65535 is wanted, or 0 for none')
      .default(0),
  ),
  webhookConfigurationName: textOr(''),
  events: z.preprocess(emptyIsAbsent, z.boolean().default(true)),
});

/** All keys of config.yaml. */
export const configKeys: readonly string[] = Object.keys(configSchema.shape);
