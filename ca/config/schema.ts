/**
 * Shape of ca.json as step writes and re-saves it (step-ca 0.30): unknown members are kept, null is absent, durations
 * are Go texts. Rules that join several members are in config.ts.
 */
import * as z from 'zod';
import { tryParseGoDuration } from '../../lib/time/index.ts';

/** Go decodes null into the zero value: as if it were not there. */
const optional = <Schema extends z.ZodType>(schema: Schema) =>
  schema.nullish().transform((value): z.output<Schema> | undefined => value ?? undefined);

const text = optional(z.string());
const flag = optional(z.boolean());
const texts = optional(z.array(z.string()));

/** Milliseconds. */
const duration = optional(
  z.string().transform((value, context) => {
    const ms = tryParseGoDuration(value);
    if (ms !== undefined) return ms;
    context.addIssue({ code: 'custom', message: 'is not a duration such as 5m or 24h' });
    return z.NEVER;
  }),
);

export const claimsSchema = z.looseObject({
  minTLSCertDuration: duration,
  maxTLSCertDuration: duration,
  defaultTLSCertDuration: duration,
  disableRenewal: flag,
  allowRenewalAfterExpiry: flag,
  disableSmallstepExtensions: flag,
});

const nameListsSchema = z.looseObject({ cn: texts, dns: texts, ip: texts, email: texts, uri: texts });

/** Shape of the policy of an authority and of a provisioner; what the texts mean is for the issuing core to say. */
export const policySchema = z.looseObject({
  x509: optional(
    z.looseObject({ allow: optional(nameListsSchema), deny: optional(nameListsSchema), allowWildcardNames: flag }),
  ),
});

export const provisionerSchema = z.looseObject({
  type: z.string(),
  name: optional(z.string()),
});

export const jwkProvisionerSchema = z.looseObject({
  name: z.string().min(1, 'is empty'),
  key: z.looseObject({ kty: z.string(), kid: text, alg: text }),
  encryptedKey: text,
  claims: optional(claimsSchema),
  policy: optional(policySchema),
  options: optional(
    z.looseObject({
      x509: optional(z.looseObject({ template: text, templateFile: text })),
      webhooks: optional(z.array(z.unknown())),
    }),
  ),
});

export const caSchema = z.looseObject({
  root: optional(z.union([z.string(), z.array(z.string())])),
  federatedRoots: texts,
  crt: text,
  key: text,
  address: text,
  dnsNames: texts,
  kms: optional(z.looseObject({ type: text })),
  ssh: optional(z.looseObject({})),
  logger: optional(z.looseObject({ format: text, traceHeader: text })),
  db: optional(z.looseObject({ type: text, dataSource: text, database: text })),
  authority: optional(
    z.looseObject({
      type: text,
      provisioners: optional(z.array(provisionerSchema)),
      template: optional(
        z.looseObject({
          country: text,
          organization: text,
          organizationalUnit: text,
          locality: text,
          province: text,
          streetAddress: text,
          serialNumber: text,
          commonName: text,
        }),
      ),
      claims: optional(claimsSchema),
      policy: optional(policySchema),
      disableIssuedAtCheck: flag,
      backdate: duration,
      audiences: texts,
      serverCertDuration: duration,
      enableAdmin: flag,
    }),
  ),
  tls: optional(
    z.looseObject({
      cipherSuites: texts,
      minVersion: optional(z.number()),
      maxVersion: optional(z.number()),
      renegotiation: flag,
    }),
  ),
  password: text,
  commonName: text,
  crl: optional(
    z.looseObject({
      enabled: flag,
      generateOnRevoke: flag,
      cacheDuration: duration,
      renewPeriod: duration,
      idpURL: text,
    }),
  ),
  metricsAddress: text,
  insecureAddress: text,
});

/** First complaint of a failed parse: which member, and what about it. */
export function describeIssue(error: z.ZodError): { field: string; problem: string } {
  const [issue] = error.issues;
  const field = issue?.path.map(String).join('.') ?? '';
  return { field: field === '' ? 'the file' : field, problem: issue?.message ?? 'is malformed' };
}
