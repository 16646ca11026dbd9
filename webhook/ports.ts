/**
 * What the webhook's logic needs from the outside world. `lib/kubernetes` and `adapters/` implement these; tests use
 * the real ones or a handful of lines.
 */
import type { CoreV1Event, V1MutatingWebhookConfiguration, V1Pod, V1Secret } from '@kubernetes/client-node';
import type { IssuedCertificate, ListedProvisioner } from '../lib/ca-client/index.ts';
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

/** Pods whose init containers have not all ended, of one namespace. */
export interface PendingPodReader {
  listPendingPods(namespace: string): Promise<readonly V1Pod[]>;
}

/** What `kubectl describe` and `kubectl get events` show. */
export interface EventStore {
  createEvent(event: CoreV1Event): Promise<void>;
  /** False when the event is gone: the API server keeps them for an hour. */
  patchEvent(namespace: string, name: string, patch: readonly PatchOperation[]): Promise<boolean>;
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
    PendingPodReader,
    EventStore,
    SecretStore,
    WebhookConfigurationStore,
    ServerVersionReader {}

/** What the webhook asks of the CA. All errors are those of `lib/ca-client`. */
export interface CertificateAuthority {
  provisioners(): Promise<readonly ListedProvisioner[]>;
  /** Compact JWE of a JWK provisioner's key. */
  encryptedKey(kid: string): Promise<string>;
  sign(request: { readonly csr: string; readonly ott: string }): Promise<IssuedCertificate>;
}

/** Text of a mounted file, read anew each time: ConfigMaps and Secrets change under a running program. */
export interface FileReader {
  readText(path: string): Promise<string>;
}
