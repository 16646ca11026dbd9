/**
 * The objects of a local run, in memory: what a cluster would have in etcd. Holds Secrets; nothing of it is logged.
 *
 * Keep: objects are stored and handed out as they are; whoever changes one puts a new one.
 */
import type { DataSource, KeyValues } from '../containers/environment.ts';
import type { ConfigMap, Metadata, Pod, Secret } from '../manifests/objects.ts';

export type StoredSecret = Secret & { readonly metadata: Metadata & { readonly creationTimestamp: string } };

/** Registration of the webhook, whose caBundle it keeps itself. */
export type WebhookConfiguration = { readonly [field: string]: unknown };

const keyOf = (namespace: string, name: string): string => `${namespace}/${name}`;

export class ClusterStore implements DataSource {
  readonly #pods = new Map<string, Pod>();
  readonly #secrets = new Map<string, StoredSecret>();
  readonly #configMaps = new Map<string, ConfigMap>();
  webhookConfiguration: WebhookConfiguration | undefined;

  pod(namespace: string, name: string): Pod | undefined {
    return this.#pods.get(keyOf(namespace, name));
  }

  putPod(pod: Pod): void {
    this.#pods.set(keyOf(pod.metadata.namespace ?? '', pod.metadata.name ?? ''), pod);
  }

  putConfigMap(namespace: string, configMap: ConfigMap): void {
    this.#configMaps.set(keyOf(namespace, configMap.metadata.name ?? ''), configMap);
  }

  putSecret(secret: StoredSecret): void {
    this.#secrets.set(keyOf(secret.metadata.namespace ?? '', secret.metadata.name ?? ''), secret);
  }

  storedSecret(namespace: string, name: string): StoredSecret | undefined {
    return this.#secrets.get(keyOf(namespace, name));
  }

  deleteSecret(namespace: string, name: string): void {
    this.#secrets.delete(keyOf(namespace, name));
  }

  secrets(): readonly StoredSecret[] {
    return [...this.#secrets.values()];
  }

  secret(namespace: string, name: string): KeyValues | undefined {
    const secret = this.storedSecret(namespace, name);
    // stringData is what people write; the API server merges it over data
    return secret && new Map([...decode(secret.data), ...plain(secret.stringData)]);
  }

  configMap(namespace: string, name: string): KeyValues | undefined {
    const configMap = this.#configMaps.get(keyOf(namespace, name));
    return configMap && new Map([...plain(configMap.data), ...decode(configMap.binaryData)]);
  }
}

type Values = Readonly<Record<string, string>> | null | undefined;

const decode = (values: Values): [string, Buffer][] =>
  Object.entries(values ?? {}).map(([key, value]) => [key, Buffer.from(value, 'base64')]);

const plain = (values: Values): [string, Buffer][] =>
  Object.entries(values ?? {}).map(([key, value]) => [key, Buffer.from(value)]);
