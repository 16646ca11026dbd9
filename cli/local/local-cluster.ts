/**
 * A cluster of one laptop: a real CA and the real webhook on loopback, an API for the webhook, and pods as processes.
 *
 *   start   folder and keeper, cluster API, CA, webhook; resolves when a pod can be admitted
 *   apply   manifests -> pods through the webhook -> volumes -> processes
 *   stop    pods, servers, folder; also when this process is killed (the keeper's work)
 *
 * Keep: nothing is started of a set of manifests one of which is refused.
 */
import { randomUUID } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { generatePrivateKey } from '../../lib/crypto/index.ts';
import type { Clock } from '../../lib/time/index.ts';
import { callWebhook } from './admission/call-webhook.ts';
import { applyPodDefaults, buildReview, processReview } from './admission/review.ts';
import { type ClusterApi, startClusterApi } from './cluster-api/server.ts';
import { ServiceAccountTokens } from './cluster-api/service-account-tokens.ts';
import { ClusterStore } from './cluster-api/store.ts';
import { nodeName } from './containers/field-reference.ts';
import type { ImageCommands } from './containers/program.ts';
import { type LocalCa, startCertificateAuthority } from './control-plane/certificate-authority.ts';
import { findLocalProgram } from './control-plane/programs.ts';
import {
  initialWebhookConfiguration,
  type LocalWebhook,
  serverName,
  startWebhook,
  type WebhookSettings,
} from './control-plane/webhook.ts';
import { notSimulated } from './errors.ts';
import { buildPods, type UnnamedPod } from './manifests/build-pods.ts';
import { nameFromPrefix, randomSuffix } from './manifests/generated-name.ts';
import type { ConfigMap, ManifestObject, Pod, Secret, Service } from './manifests/objects.ts';
import type { SourcedObject } from './manifests/read-manifests.ts';
import { LocalNetwork } from './network/local-network.ts';
import { buildServiceEntries } from './network/service-table.ts';
import { LocalPod, type PodEvent, type PodServices } from './pods/local-pod.ts';
import type { PodPhase } from './pods/pod-lifecycle.ts';
import { KeeperClient } from './processes/keeper-client.ts';

export type ClusterOptions = WebhookSettings & {
  readonly images: ImageCommands;
  /** Namespace of objects that name none. */
  readonly namespace: string;
  readonly workingFolder: string;
};

/** Told to whoever shows the run. */
export interface ClusterObserver {
  /** A line for the person: what is being done, a warning of the webhook. */
  note(text: string): void;
  podEvent(pod: LocalPod, event: PodEvent): void;
}

export class LocalCluster {
  readonly folder: string;
  readonly ca: LocalCa;
  readonly network: LocalNetwork;
  /** Rejects when CA, webhook or keeper end by themselves. */
  readonly lost: Promise<never>;
  readonly #parts: Parts;
  readonly #pods: { readonly pod: LocalPod; readonly ended: Promise<PodPhase> }[] = [];
  readonly #services: SourcedObject<Service>[] = [];
  /** Namespaces given as manifests, and whether autocert is enabled in them. */
  readonly #namespaces = new Map<string, boolean>();

  private constructor(parts: Parts) {
    this.#parts = parts;
    this.folder = parts.keeper.folder;
    this.ca = parts.ca;
    this.network = parts.network;
    this.lost = Promise.race([
      parts.ca.lost,
      parts.webhook.lost,
      new Promise<never>((_, reject) => parts.keeper.onLost(reject)),
    ]);
    this.lost.catch(() => {}); // whoever waits for it hears of it
  }

  /**
   * @param stop gives up: what has been started is ended, and the promise rejects
   * @throws {AppError} ERR_LOCAL_START (unavailable), ERR_LOCAL_NOT_SIMULATED (invalid) on Windows
   */
  static async start(
    options: ClusterOptions,
    clock: Clock,
    observer: ClusterObserver,
    stop: AbortSignal,
  ): Promise<LocalCluster> {
    if (process.platform === 'win32') throw notSimulated('local run', 'Windows has no process groups to run pods in');
    const keeper = new KeeperClient(fileURLToPath(findLocalProgram('keeper')));
    const giveUp = (): void => void keeper.close();
    stop.addEventListener('abort', giveUp, { once: true });
    const stopTokens = new AbortController();
    let api: ClusterApi | undefined;
    try {
      const store = new ClusterStore();
      store.webhookConfiguration = initialWebhookConfiguration;
      const tokens = new ServiceAccountTokens(await generatePrivateKey(), clock, store);
      api = await startClusterApi({ store, tokens, clock });
      const kubeconfigPath = join(keeper.folder, 'kubeconfig');
      writeFileSync(kubeconfigPath, api.kubeconfig, { mode: 0o600 });
      const network = new LocalNetwork(join(keeper.folder, 'network'), options.clusterDomain);
      const ca = await startCertificateAuthority(keeper.folder, keeper);
      observer.note(`CA: ${ca.url}`);
      const webhook = await startWebhook(keeper.folder, keeper, ca, kubeconfigPath, options, clock);
      network.setServices([webhook.service]);
      observer.note(`webhook: https://127.0.0.1:${webhook.port}, token mode ${options.tokenMode}`);
      mkdirSync(join(keeper.folder, 'pods'), { mode: 0o700 });
      return new LocalCluster({
        options,
        clock,
        observer,
        keeper,
        store,
        tokens,
        api,
        ca,
        webhook,
        network,
        stopTokens,
      });
    } catch (error) {
      await api?.stop();
      await keeper.close();
      throw error;
    } finally {
      stop.removeEventListener('abort', giveUp);
    }
  }

  /**
   * What `kubectl apply` and the controllers do. Resolves when every pod is admitted and its processes are being
   * started. The caller has looked at the objects with `checkManifests`.
   * @throws {AppError} ERR_LOCAL_POD_DENIED (forbidden) and whatever a manifest may be refused for
   */
  async apply(objects: readonly SourcedObject[]): Promise<readonly LocalPod[]> {
    const { store, options } = this.#parts;
    for (const { source, object } of objects) {
      const namespace = object.metadata.namespace ?? options.namespace;
      if (object.kind === 'ConfigMap') store.putConfigMap(namespace, object as ConfigMap);
      if (object.kind === 'Secret') store.putSecret(storeSecret(object as Secret, namespace, this.#parts.clock.now()));
      if (object.kind === 'Namespace') this.#noteNamespace(source, object);
      if (object.kind === 'Service') this.#services.push({ source, object: object as Service });
    }
    const unnamed = buildPods(objects, options.namespace, randomSuffix);
    const admitted: UnnamedPod[] = [];
    for (const one of unnamed) admitted.push(await this.#admit(one));
    const pods = admitted.map(({ source, pod }) => {
      store.putPod(pod);
      return new LocalPod(source, pod, join(this.folder, 'pods'), this.#podServices());
    });
    const everyPod = [...this.#pods.map(({ pod }) => pod.pod), ...pods.map(({ pod }) => pod)];
    this.network.setServices([
      this.#parts.webhook.service,
      ...buildServiceEntries(this.#services, everyPod, options.namespace),
    ]);
    for (const pod of pods) this.#pods.push({ pod, ended: pod.run() });
    return pods;
  }

  /** Resolves with the phase of every pod when all have ended. */
  async ended(): Promise<readonly { readonly pod: LocalPod; readonly phase: PodPhase }[]> {
    return Promise.all(this.#pods.map(async ({ pod, ended }) => ({ pod, phase: await ended })));
  }

  /** Ends the pods of one manifest after those of the next: a client before its server. */
  async #stopPods(): Promise<void> {
    for (const source of new Set(this.#pods.map(({ pod }) => pod.source).toReversed())) {
      const pods = this.#pods.filter(({ pod }) => pod.source === source);
      for (const { pod } of pods) pod.stop();
      await Promise.all(pods.map(({ ended }) => ended));
    }
  }

  /** Without grace, for a person who does not want to wait. */
  killPods(): void {
    for (const { pod } of this.#pods) {
      pod.stop();
      pod.stop();
    }
  }

  /** Ends everything and removes the folder. */
  async stop(): Promise<void> {
    await this.#stopPods();
    this.#parts.stopTokens.abort();
    await this.#parts.keeper.close();
    await this.#parts.api.stop();
  }

  async #admit({ source, pod }: UnnamedPod): Promise<UnnamedPod> {
    const { observer, webhook, store } = this.#parts;
    const wanted = applyPodDefaults(pod);
    if (this.#namespaces.get(pod.metadata.namespace ?? '') === false) return { source, pod: completePod(wanted) };
    const uid = randomUUID();
    const address = {
      port: webhook.port,
      serverName,
      caBundlePem: readCaBundle(store.webhookConfiguration),
    };
    const answer = await Promise.race([callWebhook(source, address, buildReview(wanted, uid)), this.lost]);
    const admitted = processReview(source, wanted, uid, answer);
    for (const warning of admitted.warnings) observer.note(`Warning: ${source}: ${warning}`);
    return { source, pod: completePod(admitted.pod) };
  }

  #noteNamespace(source: string, object: ManifestObject): void {
    const enabled = object.metadata.labels?.['autocert.step.sm'] === 'enabled';
    this.#namespaces.set(object.metadata.name ?? '', enabled);
    if (!enabled) {
      this.#parts.observer.note(`${source}: has no label autocert.step.sm=enabled, so its pods get no certificate`);
    }
  }

  #podServices(): PodServices {
    const { keeper, clock, store, tokens, options, observer, stopTokens } = this.#parts;
    const preload = findLocalProgram('preload');
    return {
      starter: keeper,
      clock,
      volumes: {
        data: store,
        clock,
        signal: stopTokens.signal,
        issueToken: (pod, request) => tokens.issue(pod, request),
      },
      images: options.images,
      network: (pod) => this.network.environment(pod, preload),
      workingFolder: options.workingFolder,
      onEvent: (pod, event) => {
        if (event.type === 'phase') store.putPod({ ...pod.pod, status: { phase: event.phase } });
        observer.podEvent(pod, event);
      },
    };
  }
}

type Parts = {
  readonly options: ClusterOptions;
  readonly clock: Clock;
  readonly observer: ClusterObserver;
  readonly keeper: KeeperClient;
  readonly store: ClusterStore;
  readonly tokens: ServiceAccountTokens;
  readonly api: ClusterApi;
  readonly ca: LocalCa;
  readonly webhook: LocalWebhook;
  readonly network: LocalNetwork;
  readonly stopTokens: AbortController;
};

/** What the API server adds after admission, and the scheduler later. */
const completePod = (pod: Pod): Pod => ({
  ...pod,
  metadata: {
    ...pod.metadata,
    name: pod.metadata.name ?? nameFromPrefix(pod.metadata.generateName ?? ''),
    uid: randomUUID(),
  },
  spec: { ...pod.spec, nodeName },
  status: { phase: 'Pending' },
});

const storeSecret = (secret: Secret, namespace: string, now: number) => ({
  ...secret,
  metadata: { ...secret.metadata, namespace, uid: randomUUID(), creationTimestamp: new Date(now).toISOString() },
});

/** The roots that the webhook itself has put there. */
function readCaBundle(configuration: unknown): string {
  const { webhooks = [] } = (configuration ?? {}) as { webhooks?: { clientConfig?: { caBundle?: string } }[] };
  return Buffer.from(webhooks[0]?.clientConfig?.caBundle ?? '', 'base64').toString();
}
