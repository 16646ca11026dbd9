/**
 * Reads `config.yaml` and the environment into a {@link WebhookConfig}. Pure: text in, value out; the program reads the
 * file. Strict: an unknown key, a wrong type or a value that could not work is an error that names key and value, all of
 * them at once, since each round of fixing a ConfigMap takes a roll-out.
 *
 * Files of upstream's autocert are read unchanged. YAML 1.1, as Kubernetes and Helm read it: `yes` is true and 0400 octal.
 */
import { parseDocument } from 'yaml';
import type { z } from 'zod';
import { parseListenAddress } from '../../http/index.ts';
import { certsMountPath } from '../contract.ts';
import { findNearest } from '../nearest.ts';
import { quote } from '../quote.ts';
import type { JsonObject } from '../types.ts';
import { configRefused } from './errors.ts';
import { configKeys, configSchema } from './schema.ts';
import type { ContainerTemplate, Environment, VolumeTemplate, WebhookConfig } from './types.ts';

/** @throws {AppError} ERR_CONFIG (invalid) with every problem found */
export function parseWebhookConfig(yamlText: string, environment: Environment): WebhookConfig {
  const file = parseYaml(yamlText);
  const problems: string[] = [];
  const result = configSchema.safeParse(file ?? {}, { reportInput: true });
  if (!result.success) problems.push(...result.error.issues.flatMap(describeIssue));
  const provisionerName = environment.PROVISIONER_NAME ?? '';
  const namespace = environment.NAMESPACE ?? '';
  if (provisionerName === '') problems.push('PROVISIONER_NAME: not set; name a JWK provisioner of the CA');
  if (namespace === '') problems.push('NAMESPACE: not set; take it from the field metadata.namespace of the pod');
  if (!result.success || problems.length > 0) throw configRefused(problems);

  const { certLifetime, rootCAPath, bootstrapUrl, ...values } = result.data;
  const certsVolume = values.certsVolume as unknown as VolumeTemplate;
  const bootstrapper = withCertsMount(values.bootstrapper as unknown as ContainerTemplate, certsVolume);
  const renewer = withCertsMount(values.renewer as unknown as ContainerTemplate, certsVolume);
  validateTemplates(bootstrapper, renewer, certsVolume);
  return {
    ...values,
    certsVolume,
    bootstrapper,
    renewer,
    certLifetime: certLifetime ?? '',
    rootCAPath: rootCAPath ?? `${environment.STEPPATH || '/home/step'}/certs/root_ca.crt`,
    bootstrapUrl: bootstrapUrl ?? defaultBootstrapUrl(values.service, namespace, values.bootstrapAddress),
    provisionerName,
    namespace,
    ...(environment.PROVISIONER_KID ? { provisionerKid: environment.PROVISIONER_KID } : {}),
  };
}

function parseYaml(text: string): unknown {
  const document = parseDocument(text, { version: '1.1', prettyErrors: true });
  const [error] = document.errors;
  if (error) throw configRefused([`config.yaml: ${error.message.split('\n')[0]?.replace(/:$/, '') ?? ''}`]);
  try {
    return document.toJS({ maxAliasCount: 100 });
  } catch (error) {
    throw configRefused([`config.yaml: ${error instanceof Error ? error.message : String(error)}`]);
  }
}

function describeIssue(issue: z.core.$ZodIssue): string[] {
  const path = issue.path.map(String).join('.') || 'config.yaml';
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => {
      const nearest = findNearest(key, configKeys);
      return `${quote(key)}: unknown key${nearest === undefined ? '' : `; did you mean ${nearest}?`}`;
    });
  }
  if (issue.code === 'invalid_type' && issue.input === undefined) return [`${path}: missing`];
  const shown = typeof issue.input === 'string' ? ` ${quote(issue.input)}` : '';
  return [`${path}:${shown} ${issue.message.replace(/^Invalid (input|option): /, '')}`];
}

/** The certificates' volume is always mounted: without it nothing that is written reaches the pod. */
function withCertsMount(template: ContainerTemplate, volume: VolumeTemplate): ContainerTemplate {
  const mounts = (template.volumeMounts ?? []) as readonly JsonObject[];
  if (mounts.some(({ name }) => name === volume.name)) return template;
  return { ...template, volumeMounts: [...mounts, { name: volume.name, mountPath: certsMountPath }] };
}

function validateTemplates(bootstrapper: ContainerTemplate, renewer: ContainerTemplate, volume: VolumeTemplate): void {
  const problems: string[] = [];
  if (bootstrapper.name === renewer.name)
    problems.push(`renewer.name: ${quote(renewer.name)} is the bootstrapper's name too`);
  for (const [key, template] of Object.entries({ bootstrapper, renewer })) {
    for (const { name, mountPath, readOnly } of (template.volumeMounts ?? []) as readonly JsonObject[]) {
      const place = `${key}.volumeMounts: ${quote(String(name))} is mounted`;
      if (name === volume.name && readOnly === true)
        problems.push(`${place} read-only, and certificates are written there`);
      if (name !== volume.name && mountPath === certsMountPath) {
        problems.push(`${place} at ${certsMountPath}, where certsVolume ${quote(volume.name)} goes`);
      }
    }
  }
  if (problems.length > 0) throw configRefused(problems);
}

function defaultBootstrapUrl(service: string, namespace: string, address: string): string {
  const { port } = parseListenAddress(address);
  return `https://${service}.${namespace}.svc:${port || 4444}/v1/bootstrap`;
}
