/**
 * The few calls of the Kubernetes API that our programs make, each with a deadline and errors of ours.
 *
 * Not a general client: a new call is a new method here, so that the rights a program needs can be read off this file.
 * @kubernetes/client-node brings kubeconfig, credentials and the types of objects; it is imported when a connection is
 * wanted, because that costs a second and 60 MB. Requests travel over `KeepAliveTransport`.
 */
import type {
  AdmissionregistrationV1Api,
  AuthenticationV1Api,
  ConfigurationOptions,
  CoreV1Api,
  CoreV1Event,
  ObservableMiddleware,
  RequestContext,
  V1ConfigMap,
  V1MutatingWebhookConfiguration,
  V1Pod,
  V1Secret,
  VersionApi,
} from '@kubernetes/client-node';
import { AppError } from '../errors/index.ts';
import { applyCredentials, type ClientNode, type KubeConfig, loadConfig } from './configuration.ts';
import { type ApiAction, apiAnswerInvalid, apiRefused, apiUnreachable } from './errors.ts';
import { KeepAliveTransport, TransportFailure } from './transport.ts';

/** Options of {@link connectKubernetes}. */
export type KubernetesOptions = {
  /** A kubeconfig file; without it the ServiceAccount of the pod we run in is used. */
  readonly kubeconfigPath?: string;
  readonly userAgent: string;
  /** Deadline of a call that names none. Default 5 s. */
  readonly timeoutMs?: number;
};

/** What the API server says about a bearer token. */
export type TokenReviewResult =
  | { readonly authenticated: false; readonly error: string }
  | {
      readonly authenticated: true;
      readonly username: string;
      readonly audiences: readonly string[];
      /** Such as `authentication.kubernetes.io/pod-name`. */
      readonly extra: Readonly<Record<string, readonly string[]>>;
    };

/** Name and marks of an object, nothing of its content. */
export type ObjectMetadata = {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  /** Epoch ms. */
  readonly createdAt: number;
  readonly annotations: Readonly<Record<string, string>>;
};

/** One page of a list. */
export type MetadataPage = { readonly items: readonly ObjectMetadata[]; readonly continueToken: string | undefined };

/** An operation of a JSON Patch (RFC 6902). */
export type PatchOperation = {
  readonly op: 'add' | 'replace' | 'test';
  readonly path: string;
  readonly value: unknown;
};

/** A ConfigMap or Secret whose values are text. */
export type DataObject = {
  readonly kind: 'ConfigMap' | 'Secret';
  readonly namespace: string;
  readonly name: string;
  /** Decoded, also of a Secret. */
  readonly data: Readonly<Record<string, string>>;
  /** As it came, for {@link KubernetesClient.setData}. */
  readonly source: V1ConfigMap | V1Secret;
};

/** Version of the API server, such as 1 and 37. */
export type KubernetesVersion = { readonly major: number; readonly minor: number; readonly gitVersion: string };

/**
 * Reads the configuration; makes no request yet.
 *
 * @throws {AppError} ERR_KUBERNETES_CONFIG (invalid) when there is neither a kubeconfig nor a pod around us
 */
export async function connectKubernetes(options: KubernetesOptions): Promise<KubernetesClient> {
  const clientNode = await import('./client-node.ts');
  return new KubernetesClient(clientNode, loadConfig(clientNode, options.kubeconfigPath), options);
}

export class KubernetesClient {
  readonly #clientNode: ClientNode;
  readonly #transport = new KeepAliveTransport();
  readonly #timeoutMs: number;
  readonly #core: CoreV1Api;
  readonly #authentication: AuthenticationV1Api;
  readonly #registration: AdmissionregistrationV1Api;
  readonly #version: VersionApi;

  /** Use {@link connectKubernetes}. */
  constructor(clientNode: ClientNode, config: KubeConfig, options: KubernetesOptions) {
    this.#clientNode = clientNode;
    this.#timeoutMs = options.timeoutMs ?? 5_000;
    const configuration = clientNode.createConfiguration({
      baseServer: new clientNode.ServerConfiguration(config.getCurrentCluster()?.server ?? '', {}),
      authMethods: { default: this.#credentials(config) },
      httpApi: clientNode.wrapHttpLibrary({
        send: async (context) => {
          const { status, headers, body } = await this.#transport.send(context);
          return new clientNode.ResponseContext(status, headers, body);
        },
      }),
      middleware: [clientNode.setHeaderMiddleware('User-Agent', options.userAgent)],
    });
    this.#core = new clientNode.CoreV1Api(configuration);
    this.#authentication = new clientNode.AuthenticationV1Api(configuration);
    this.#registration = new clientNode.AdmissionregistrationV1Api(configuration);
    this.#version = new clientNode.VersionApi(configuration);
  }

  /** Asks who bears `token` and whether it is meant for `audience`. The token is in no log and no error. */
  async reviewToken(token: string, audience: string, timeoutMs?: number): Promise<TokenReviewResult> {
    const body = {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenReview',
      spec: { token, audiences: [audience] },
    };
    const action = { verb: 'create', resource: 'tokenreviews', group: 'authentication.k8s.io' };
    const { status } = await this.#call(action, timeoutMs, (options) =>
      this.#authentication.createTokenReview({ body }, options),
    );
    if (!status?.authenticated) return { authenticated: false, error: status?.error ?? 'not authenticated' };
    return {
      authenticated: true,
      username: status.user?.username ?? '',
      audiences: status.audiences ?? [],
      extra: status.user?.extra ?? {},
    };
  }

  /** The live pod, undefined when there is none of that name. */
  readPod(namespace: string, name: string, timeoutMs?: number): Promise<V1Pod | undefined> {
    return undefinedWhenMissing(
      this.#call({ verb: 'get', resource: 'pods', group: '' }, timeoutMs, (options) =>
        this.#core.readNamespacedPod({ namespace, name }, options),
      ),
    );
  }

  /** Pods of a namespace whose init containers have not all ended. One page, the first 500. */
  async listPendingPods(namespace: string, timeoutMs?: number): Promise<readonly V1Pod[]> {
    const query = { namespace, fieldSelector: 'status.phase=Pending', limit: 500 };
    const list = await this.#call({ verb: 'list', resource: 'pods', group: '' }, timeoutMs, (options) =>
      this.#core.listNamespacedPod(query, options),
    );
    return list.items;
  }

  /** Stores an event in the namespace that it names. */
  async createEvent(event: CoreV1Event, timeoutMs?: number): Promise<void> {
    const namespace = event.metadata.namespace ?? '';
    await this.#call({ verb: 'create', resource: 'events', group: '' }, timeoutMs, (options) =>
      this.#core.createNamespacedEvent({ namespace, body: event }, options),
    );
  }

  /** Applies a JSON Patch to an event; false when there is none of that name any more. */
  async patchEvent(
    namespace: string,
    name: string,
    patch: readonly PatchOperation[],
    timeoutMs?: number,
  ): Promise<boolean> {
    const patched = await undefinedWhenMissing(
      this.#call({ verb: 'patch', resource: 'events', group: '' }, timeoutMs, (options) =>
        this.#core.patchNamespacedEvent({ namespace, name, body: patch }, options),
      ),
    );
    return patched !== undefined;
  }

  /** Stores a Secret and answers the name it got. */
  async createSecret(namespace: string, secret: V1Secret, timeoutMs?: number): Promise<string> {
    const created = await this.#call({ verb: 'create', resource: 'secrets', group: '' }, timeoutMs, (options) =>
      this.#core.createNamespacedSecret({ namespace, body: secret }, options),
    );
    return created.metadata?.name ?? '';
  }

  /** Names and marks of Secrets in all namespaces. Their content is not asked for and does not come. */
  async listSecrets(labelSelector: string, continueToken?: string, timeoutMs?: number): Promise<MetadataPage> {
    const action = { verb: 'list', resource: 'secrets', group: '' };
    const query = { labelSelector, limit: 500, ...(continueToken === undefined ? {} : { _continue: continueToken }) };
    const accept = 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1';
    const list = await this.#call(
      action,
      timeoutMs,
      (options) => this.#core.listSecretForAllNamespaces(query, options),
      accept,
    );
    // of metadata alone the API server writes an empty list as null
    const items = ((list.items as V1Secret[] | null) ?? []).map(({ metadata }) => ({
      namespace: metadata?.namespace ?? '',
      name: metadata?.name ?? '',
      uid: metadata?.uid ?? '',
      createdAt: metadata?.creationTimestamp?.getTime() ?? 0,
      annotations: metadata?.annotations ?? {},
    }));
    return { items, continueToken: list.metadata?._continue || undefined };
  }

  /** Deletes the Secret with that uid; whether there still was one. */
  async deleteSecret(secret: ObjectMetadata, timeoutMs?: number): Promise<boolean> {
    const { namespace, name, uid } = secret;
    const request = { namespace, name, body: { preconditions: { uid } } };
    const deleted = await undefinedWhenMissing(
      this.#call({ verb: 'delete', resource: 'secrets', group: '' }, timeoutMs, (options) =>
        this.#core.deleteNamespacedSecret(request, options),
      ),
    );
    return deleted !== undefined;
  }

  /** The ConfigMap or Secret of that name, undefined when there is none. */
  async readData(kind: DataObject['kind'], namespace: string, name: string): Promise<DataObject | undefined> {
    const source = await undefinedWhenMissing<V1ConfigMap | V1Secret>(
      this.#call(dataAction('get', kind), undefined, (options) =>
        kind === 'Secret'
          ? this.#core.readNamespacedSecret({ namespace, name }, options)
          : this.#core.readNamespacedConfigMap({ namespace, name }, options),
      ),
    );
    if (!source) return undefined;
    const decode = (value: string): string => (kind === 'Secret' ? Buffer.from(value, 'base64').toString() : value);
    const data = Object.fromEntries(Object.entries(source.data ?? {}).map(([key, value]) => [key, decode(value)]));
    return { kind, namespace, name, data, source };
  }

  /**
   * Sets some keys of an object that was read before, and keeps all else of it.
   *
   * @throws {AppError} ERR_KUBERNETES_REFUSED of kind conflict when it has changed since
   */
  async setData(
    { kind, namespace, name, source }: DataObject,
    changes: Readonly<Record<string, string>>,
  ): Promise<void> {
    const encode = (value: string): string => (kind === 'Secret' ? Buffer.from(value).toString('base64') : value);
    const encoded = Object.fromEntries(Object.entries(changes).map(([key, value]) => [key, encode(value)]));
    const body = { ...source, data: { ...source.data, ...encoded } };
    await this.#call<unknown>(dataAction('update', kind), undefined, (options) =>
      kind === 'Secret'
        ? this.#core.replaceNamespacedSecret({ namespace, name, body }, options)
        : this.#core.replaceNamespacedConfigMap({ namespace, name, body: body as V1ConfigMap }, options),
    );
  }

  /** The webhook configuration of that name, undefined when there is none. */
  readWebhookConfiguration(name: string, timeoutMs?: number): Promise<V1MutatingWebhookConfiguration | undefined> {
    return undefinedWhenMissing(
      this.#call(webhookConfigurationAction('get'), timeoutMs, (options) =>
        this.#registration.readMutatingWebhookConfiguration({ name }, options),
      ),
    );
  }

  /** Applies a JSON Patch; a failed `test` operation is an ERR_KUBERNETES_REFUSED of kind invalid. */
  async patchWebhookConfiguration(
    name: string,
    patch: readonly PatchOperation[],
    timeoutMs?: number,
  ): Promise<V1MutatingWebhookConfiguration> {
    return this.#call(webhookConfigurationAction('patch'), timeoutMs, (options) =>
      this.#registration.patchMutatingWebhookConfiguration({ name, body: patch }, options),
    );
  }

  /** Version of the API server. */
  async serverVersion(timeoutMs?: number): Promise<KubernetesVersion> {
    const action = { verb: 'get', resource: '/version', group: '' };
    const info = await this.#call(action, timeoutMs, (options) => this.#version.getCode({}, options));
    // Some distributions write a minor version of "37+".
    const [major, minor] = [Number.parseInt(info.major, 10), Number.parseInt(info.minor, 10)];
    if (Number.isNaN(major) || Number.isNaN(minor)) {
      throw apiAnswerInvalid(action, new Error(`version "${info.major}.${info.minor}"`));
    }
    return { major, minor, gitVersion: info.gitVersion };
  }

  /** Closes idle connections; calls in flight fail. */
  close(): void {
    this.#transport.close();
  }

  #credentials(config: KubeConfig) {
    return {
      getName: () => 'kubeconfig',
      applySecurityAuthentication: async (context: RequestContext): Promise<void> => {
        const headers = await applyCredentials(config, this.#transport);
        for (const [name, value] of Object.entries(headers)) context.setHeaderParam(name, value);
      },
    };
  }

  async #call<T>(
    action: ApiAction,
    timeoutMs: number | undefined,
    send: (options: ConfigurationOptions<ObservableMiddleware>) => Promise<T>,
    accept?: string,
  ): Promise<T> {
    const signal = AbortSignal.timeout(timeoutMs ?? this.#timeoutMs);
    const { Observable, ApiException } = this.#clientNode;
    const prepare: ObservableMiddleware = {
      pre(context) {
        context.setSignal(signal);
        if (accept !== undefined) context.setHeaderParam('Accept', accept);
        return new Observable(Promise.resolve(context));
      },
      post: (answer) => new Observable(Promise.resolve(answer)),
    };
    try {
      return await send({ middleware: [prepare], middlewareMergeStrategy: 'append' });
    } catch (error) {
      if (error instanceof AppError) throw error;
      if (error instanceof ApiException) throw apiRefused(action, error.code, statusMessage(error.body));
      throw error instanceof TransportFailure ? apiUnreachable(action, error.cause) : apiAnswerInvalid(action, error);
    }
  }
}

const dataAction = (verb: string, kind: DataObject['kind']): ApiAction => ({
  verb,
  resource: kind === 'Secret' ? 'secrets' : 'configmaps',
  group: '',
});

const webhookConfigurationAction = (verb: string): ApiAction => ({
  verb,
  resource: 'mutatingwebhookconfigurations',
  group: 'admissionregistration.k8s.io',
});

/** The message of a Status object; the client hands it over as text or parsed, by status code. */
function statusMessage(body: unknown): string {
  if (typeof body === 'string') {
    try {
      return statusMessage(JSON.parse(body));
    } catch {
      return body.slice(0, 200).trim(); // plain text of a proxy
    }
  }
  const message = typeof body === 'object' && body !== null && 'message' in body ? body.message : undefined;
  return typeof message === 'string' ? message.slice(0, 500) : '';
}

async function undefinedWhenMissing<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof AppError && error.kind === 'not-found') return undefined;
    throw error;
  }
}
