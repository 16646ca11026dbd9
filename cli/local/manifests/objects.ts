/**
 * The parts of Kubernetes objects that a local run reads, as schemas over parsed YAML. What is not named here passes
 * through untouched: the webhook must see the Pod as it was written.
 *
 * Keep: a field belongs here only when something reads it.
 */
import { z } from 'zod';

const text = z.string();
/** Quantities and ports are written as numbers or text. */
const numberOrText = z.union([z.number(), z.string()]);

export const metadataSchema = z.looseObject({
  name: text.optional(),
  generateName: text.optional(),
  namespace: text.optional(),
  uid: text.optional(),
  labels: z.record(text, text).optional(),
  annotations: z.record(text, text).optional(),
});

const keyReference = z.looseObject({ name: text.default(''), key: text, optional: z.boolean().optional() });

export const environmentVariableSchema = z.looseObject({
  name: text,
  value: text.optional(),
  valueFrom: z
    .looseObject({
      fieldRef: z.looseObject({ fieldPath: text }).optional(),
      secretKeyRef: keyReference.optional(),
      configMapKeyRef: keyReference.optional(),
      resourceFieldRef: z.looseObject({ resource: text }).optional(),
      fileKeyRef: z.looseObject({}).optional(),
    })
    .optional(),
});

const wholeReference = z.looseObject({ name: text.default(''), optional: z.boolean().optional() });

export const environmentSourceSchema = z.looseObject({
  prefix: text.optional(),
  secretRef: wholeReference.optional(),
  configMapRef: wholeReference.optional(),
});

const items = z.array(z.looseObject({ key: text, path: text })).optional();
const downwardItems = z
  .array(
    z.looseObject({
      path: text,
      fieldRef: z.looseObject({ fieldPath: text }).optional(),
      resourceFieldRef: z.looseObject({ resource: text }).optional(),
    }),
  )
  .optional();

export const projectionSchema = z.looseObject({
  serviceAccountToken: z
    .looseObject({ audience: text.optional(), expirationSeconds: z.number().optional(), path: text })
    .optional(),
  secret: z.looseObject({ name: text, items, optional: z.boolean().optional() }).optional(),
  configMap: z.looseObject({ name: text, items, optional: z.boolean().optional() }).optional(),
  downwardAPI: z.looseObject({ items: downwardItems }).optional(),
});

export const volumeSchema = z.looseObject({
  name: text,
  emptyDir: z.looseObject({}).nullish(),
  secret: z.looseObject({ secretName: text, items, optional: z.boolean().optional() }).optional(),
  configMap: z.looseObject({ name: text, items, optional: z.boolean().optional() }).optional(),
  downwardAPI: z.looseObject({ items: downwardItems }).optional(),
  projected: z.looseObject({ sources: z.array(projectionSchema).default([]) }).optional(),
});

export const containerSchema = z.looseObject({
  name: text.min(1),
  image: text.optional(),
  command: z.array(text).optional(),
  args: z.array(text).optional(),
  workingDir: text.optional(),
  env: z.array(environmentVariableSchema).nullish(),
  envFrom: z.array(environmentSourceSchema).nullish(),
  volumeMounts: z
    .array(z.looseObject({ name: text, mountPath: text, subPath: text.optional(), subPathExpr: text.optional() }))
    .nullish(),
  ports: z.array(z.looseObject({ containerPort: z.number(), name: text.optional() })).nullish(),
  restartPolicy: text.optional(),
});

export const podSpecSchema = z.looseObject({
  containers: z.array(containerSchema).min(1),
  initContainers: z.array(containerSchema).nullish(),
  volumes: z.array(volumeSchema).nullish(),
  restartPolicy: z.enum(['Always', 'OnFailure', 'Never']).optional(),
  serviceAccountName: text.optional(),
  terminationGracePeriodSeconds: z.number().nonnegative().optional(),
  hostname: text.optional(),
  subdomain: text.optional(),
});

export const podSchema = z.looseObject({
  apiVersion: z.literal('v1'),
  kind: z.literal('Pod'),
  metadata: metadataSchema,
  spec: podSpecSchema,
});

const template = z.looseObject({ metadata: metadataSchema.optional(), spec: podSpecSchema });

/** Deployment, StatefulSet and Job: what they have in common is a pod template. */
export const workloadSchema = z.looseObject({
  apiVersion: text,
  kind: z.enum(['Deployment', 'StatefulSet', 'Job']),
  metadata: metadataSchema,
  spec: z.looseObject({
    replicas: z.number().int().nonnegative().optional(),
    completions: z.number().int().optional(),
    parallelism: z.number().int().optional(),
    serviceName: text.optional(),
    volumeClaimTemplates: z.array(z.unknown()).optional(),
    template,
  }),
});

export const serviceSchema = z.looseObject({
  apiVersion: z.literal('v1'),
  kind: z.literal('Service'),
  metadata: metadataSchema,
  spec: z.looseObject({
    type: text.optional(),
    selector: z.record(text, text).optional(),
    ports: z
      .array(z.looseObject({ name: text.optional(), port: z.number(), targetPort: numberOrText.optional() }))
      .optional(),
  }),
});

export const configMapSchema = z.looseObject({
  apiVersion: z.literal('v1'),
  kind: z.literal('ConfigMap'),
  metadata: metadataSchema,
  data: z.record(text, text).nullish(),
  binaryData: z.record(text, text).nullish(),
});

export const secretSchema = z.looseObject({
  apiVersion: z.literal('v1'),
  kind: z.literal('Secret'),
  metadata: metadataSchema,
  data: z.record(text, text).nullish(),
  stringData: z.record(text, text).nullish(),
});

export const namespaceSchema = z.looseObject({
  apiVersion: z.literal('v1'),
  kind: z.literal('Namespace'),
  metadata: metadataSchema,
});

export type Metadata = z.infer<typeof metadataSchema>;
export type EnvironmentVariable = z.infer<typeof environmentVariableSchema>;
export type EnvironmentSource = z.infer<typeof environmentSourceSchema>;
export type Container = z.infer<typeof containerSchema>;
export type Volume = z.infer<typeof volumeSchema>;
export type Projection = z.infer<typeof projectionSchema>;
export type PodSpec = z.infer<typeof podSpecSchema>;
export type Pod = z.infer<typeof podSchema>;
export type Workload = z.infer<typeof workloadSchema>;
export type Service = z.infer<typeof serviceSchema>;
export type ConfigMap = z.infer<typeof configMapSchema>;
export type Secret = z.infer<typeof secretSchema>;
export type Namespace = z.infer<typeof namespaceSchema>;

/** What `local run` understands; any other kind is refused with the kind's name. */
export type ManifestObject = Pod | Workload | Service | ConfigMap | Secret | Namespace;
