/** The webhook's configuration: config.yaml and environment. */
export { parseWebhookConfig } from './parse.ts';
export type { ContainerTemplate, Environment, VolumeTemplate, WebhookConfig } from './types.ts';
