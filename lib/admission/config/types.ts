/** The webhook's configuration as the programs use it: `config.yaml` and environment, with defaults filled in. */
import type { JsonObject } from '../types.ts';

export type WebhookConfig = {
  readonly address: string;
  /** Name of our own Service; the serving certificate is for `<service>.<namespace>.svc`. */
  readonly service: string;
  readonly logFormat: 'json' | 'text';
  readonly caUrl: string;
  /** Go duration; empty when the CA's default holds. */
  readonly certLifetime: string;
  /** corev1.Container with name, image and a mount of the certificates' volume; unknown fields are kept. */
  readonly bootstrapper: ContainerTemplate;
  readonly renewer: ContainerTemplate;
  /** corev1.Volume. */
  readonly certsVolume: VolumeTemplate;
  readonly restrictCertificatesToNamespace: boolean;
  /** As written, perhaps empty: exported as CLUSTER_DOMAIN. */
  readonly clusterDomain: string;
  readonly rootCAPath: string;
  readonly provisionerPasswordPath: string;
  readonly tokenMode: 'secret' | 'service-account';
  /** Token Secrets that one namespace may have at a time, in token mode `secret`; 0 for any number. */
  readonly tokenSecretLimit: number;
  /** Where `/v1/bootstrap` is served, in token mode `service-account`. */
  readonly bootstrapAddress: string;
  /** Where pods find it. */
  readonly bootstrapUrl: string;
  readonly nativeSidecar: 'auto' | 'always' | 'never';
  readonly writeMode: 'atomic' | 'in-place';
  readonly renewMethod: 'rekey' | 'renew';
  /** Where renewers serve metrics, when their pod says nothing; 0 for nowhere. */
  readonly renewerMetricsPort: number;
  /** MutatingWebhookConfiguration whose caBundle is kept; empty: none is touched. */
  readonly webhookConfigurationName: string;
  /** Whether injections, skips and denials are told as Kubernetes events. */
  readonly events: boolean;
  /** From the environment: PROVISIONER_NAME, PROVISIONER_KID, NAMESPACE. */
  readonly provisionerName: string;
  readonly provisionerKid?: string;
  readonly namespace: string;
};

export type ContainerTemplate = JsonObject & { readonly name: string; readonly image: string };
export type VolumeTemplate = JsonObject & { readonly name: string };

/** Environment variables by name. */
export type Environment = Readonly<Record<string, string | undefined>>;
