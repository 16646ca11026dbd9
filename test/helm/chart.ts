/** The chart rendered and read back, and the parts of it that several tests look at. */
import { join } from 'node:path';
import { parse } from 'yaml';
import { parseWebhookConfig, type WebhookConfig } from '../../lib/admission/config/index.ts';
import { chartFolder, type Rendering, templateChart } from '../../tools/manifests/helm.ts';
import { findObject, type KubernetesObject, parseObjects, valueAt } from './objects.ts';

/** The objects of the chart. */
export const render = async (rendering: Rendering = {}): Promise<KubernetesObject[]> =>
  parseObjects(await templateChart(rendering));

/** The objects with some values set. */
export const renderWith = (...set: string[]): Promise<KubernetesObject[]> => render({ set });

/** A values file of charts/autocert/ci. */
export const ciValues = (name: string): Rendering => ({
  valuesFiles: [join(chartFolder, 'ci', `${name}-values.yaml`)],
});

/** The webhook's config.yaml. */
export function webhookConfigOf(objects: readonly KubernetesObject[]): Record<string, unknown> {
  const data = valueAt<Record<string, string>>(findObject(objects, 'ConfigMap', 'autocert-autocert-config'), 'data');
  return parse(data['config.yaml'] ?? '') as Record<string, unknown>;
}

/** The one webhook of the MutatingWebhookConfiguration. */
export const webhookOf = (objects: readonly KubernetesObject[]): KubernetesObject =>
  valueAt(findObject(objects, 'MutatingWebhookConfiguration', 'autocert-autocert-webhook-config'), 'webhooks.0');

/** The four images, wherever they are named. */
export const imagesOf = (objects: readonly KubernetesObject[]): Record<string, string> => ({
  controller: valueAt(findObject(objects, 'Deployment', 'autocert'), 'spec.template.spec.containers.0.image'),
  ca: valueAt(
    objects.find(({ kind }) => kind === 'StatefulSet'),
    'spec.template.spec.containers.0.image',
  ),
  bootstrapper: valueAt(webhookConfigOf(objects), 'bootstrapper.image'),
  renewer: valueAt(webhookConfigOf(objects), 'renewer.image'),
});

/** The configuration as the webhook itself reads it, in its pod in namespace step. */
export function parsedConfigOf(objects: readonly KubernetesObject[]): WebhookConfig {
  const config = objects.find(({ metadata }) => metadata.name.endsWith('-autocert-config'));
  const deployment = objects.find(({ kind }) => kind === 'Deployment');
  const variables = valueAt<{ name: string; value?: string }[]>(deployment, 'spec.template.spec.containers.0.env');
  const environment = Object.fromEntries(variables.map(({ name, value }) => [name, value ?? 'step']));
  const text = valueAt<Record<string, string>>(config, 'data')['config.yaml'] ?? '';
  return parseWebhookConfig(text, environment);
}
