/**
 * What the webhook's logic needs from the outside world. `lib/kubernetes` and `adapters/` implement these; tests use
 * the real ones or a handful of lines.
 */
import type { V1MutatingWebhookConfiguration, V1Pod, V1Secret } from '@kubernetes/client-node';
import type {
  KubernetesVersion,
  MetadataPage,
  ObjectMetadata,
  PatchOperation,
  TokenReviewResult,
} from '../lib/kubernetes/index.ts';

/** Who bears a token. @throws {AppError} ERR_KUBERNETES_UNREACHABLE, ERR_KUBERNETES_REFUSED, also below */
export interface TokenReviewer {
  reviewToken(token: string, audience: string, timeoutMs?: number): Promise<TokenReviewResult>;
}

/** The live pod, as it is now. */
export interface PodReader {
  readPod(namespace: string, name: string, timeoutMs?: number): Promise<V1Pod | undefined>;
}

/** Token Secrets, in all namespaces. Their content can be written and not read. */
export interface SecretStore {
  /** Answers the name the Secret got. */
  createSecret(namespace: string, secret: V1Secret, timeoutMs?: number): Promise<string>;
  listSecrets(labelSelector: string, continueToken?: string): Promise<MetadataPage>;
  /** False when it was gone already. Never deletes another Secret of that name. */
  deleteSecret(secret: ObjectMetadata): Promise<boolean>;
}

/** Our own registration with the API server. */
export interface WebhookConfigurationStore {
  readWebhookConfiguration(name: string): Promise<V1MutatingWebhookConfiguration | undefined>;
  /** Kind invalid when a `test` operation fails: somebody else was faster. */
  patchWebhookConfiguration(name: string, patch: readonly PatchOperation[]): Promise<unknown>;
}

/** How old the cluster is. */
export interface ServerVersionReader {
  serverVersion(): Promise<KubernetesVersion>;
}

/** Everything of the Kubernetes API that the webhook uses. */
export interface KubernetesPort
  extends TokenReviewer,
    PodReader,
    SecretStore,
    WebhookConfigurationStore,
    ServerVersionReader {}
