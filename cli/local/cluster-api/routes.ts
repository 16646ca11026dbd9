/**
 * The part of the Kubernetes API that the webhook calls, over the objects of a local run. No network here: a request
 * in, an answer out. Whatever is not listed is answered 404 as the API server does, so that a new call of the webhook
 * shows itself at once.
 *
 *   GET    /version
 *   POST   /apis/authentication.k8s.io/v1/tokenreviews
 *   GET    /api/v1/namespaces/{namespace}/pods/{name}
 *   POST   /api/v1/namespaces/{namespace}/secrets
 *   GET    /api/v1/secrets?labelSelector=key=value
 *   DELETE /api/v1/namespaces/{namespace}/secrets/{name}
 *   GET, PATCH /apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/{name}
 */
import { randomUUID } from 'node:crypto';
import { describeError } from '../../../lib/errors/index.ts';
import type { Clock } from '../../../lib/time/index.ts';
import { applyJsonPatch, type Json } from '../admission/json-patch.ts';
import { nameFromPrefix } from '../manifests/generated-name.ts';
import { secretSchema } from '../manifests/objects.ts';
import type { ServiceAccountTokens } from './service-account-tokens.ts';
import type { ClusterStore, StoredSecret } from './store.ts';

export type ApiRequest = {
  readonly method: string;
  /** Path and query. */
  readonly url: string;
  readonly contentType: string;
  readonly accept: string;
  /** Parsed JSON; undefined without a body. */
  readonly body: unknown;
};

export type ApiAnswer = { readonly status: number; readonly body: unknown };

type Context = { readonly store: ClusterStore; readonly tokens: ServiceAccountTokens; readonly clock: Clock };
type Parameters = { readonly [name: string]: string };
type Route = {
  readonly method: string;
  readonly path: RegExp;
  readonly answer: (
    request: ApiRequest,
    parameters: Parameters,
    query: URLSearchParams,
  ) => ApiAnswer | Promise<ApiAnswer>;
};

/** The version a local cluster says it has: new enough for native sidecars. */
export const localVersion = { major: '1', minor: '37', gitVersion: 'v1.37.0', platform: 'autocert/local' };

/** Answers one request; never rejects. */
export function createRoutes(context: Context): (request: ApiRequest) => Promise<ApiAnswer> {
  const routes = listRoutes(context);
  return async (request) => {
    const { pathname, searchParams } = new URL(request.url, 'https://local');
    for (const { method, path, answer } of routes) {
      const match = method === request.method ? path.exec(pathname) : null;
      if (match) return answer(request, decodeGroups(match.groups), searchParams);
    }
    return failure(404, 'NotFound', `the local cluster does not serve ${request.method} ${pathname}`);
  };
}

function listRoutes({ store, tokens, clock }: Context): Route[] {
  return [
    { method: 'GET', path: /^\/version\/?$/, answer: () => ({ status: 200, body: localVersion }) },
    {
      method: 'POST',
      path: /^\/apis\/authentication\.k8s\.io\/v1\/tokenreviews$/,
      async answer({ body }) {
        const spec = recordOf(recordOf(body).spec);
        const audiences = Array.isArray(spec.audiences) ? spec.audiences.map(String) : [];
        const status = await tokens.review(String(spec.token ?? ''), audiences);
        return { status: 201, body: { ...recordOf(body), spec: { audiences }, status } };
      },
    },
    {
      method: 'GET',
      path: /^\/api\/v1\/namespaces\/(?<namespace>[^/]+)\/pods\/(?<name>[^/]+)$/,
      answer: (_request, { namespace = '', name = '' }) => found(store.pod(namespace, name), 'pods', name),
    },
    {
      method: 'POST',
      path: /^\/api\/v1\/namespaces\/(?<namespace>[^/]+)\/secrets$/,
      answer: ({ body }, { namespace = '' }) => createSecret(store, clock, namespace, body),
    },
    {
      method: 'GET',
      path: /^\/api\/v1\/secrets$/,
      answer: ({ accept }, _parameters, query) => listSecrets(store, query.get('labelSelector') ?? '', accept),
    },
    {
      method: 'DELETE',
      path: /^\/api\/v1\/namespaces\/(?<namespace>[^/]+)\/secrets\/(?<name>[^/]+)$/,
      answer: ({ body }, { namespace = '', name = '' }) => deleteSecret(store, namespace, name, body),
    },
    {
      method: 'GET',
      path: webhookConfigurationPath,
      answer: (_request, { name = '' }) =>
        found(webhookConfiguration(store, name), 'mutatingwebhookconfigurations', name),
    },
    {
      method: 'PATCH',
      path: webhookConfigurationPath,
      answer: (request, { name = '' }) => patchWebhookConfiguration(store, name, request),
    },
  ];
}

const webhookConfigurationPath =
  /^\/apis\/admissionregistration\.k8s\.io\/v1\/mutatingwebhookconfigurations\/(?<name>[^/]+)$/;

function createSecret(store: ClusterStore, clock: Clock, namespace: string, body: unknown): ApiAnswer {
  const parsed = secretSchema.safeParse({ apiVersion: 'v1', kind: 'Secret', ...recordOf(body) });
  if (!parsed.success) return failure(422, 'Invalid', 'not a Secret');
  const { metadata } = parsed.data;
  const name = metadata.name ?? nameFromPrefix(metadata.generateName ?? '');
  if (store.storedSecret(namespace, name)) return failure(409, 'AlreadyExists', `secrets "${name}" already exists`);
  const secret: StoredSecret = {
    ...parsed.data,
    metadata: {
      ...metadata,
      name,
      namespace,
      uid: randomUUID(),
      creationTimestamp: new Date(clock.now()).toISOString().replace(/\.\d+/, ''),
    },
  };
  store.putSecret(secret);
  return { status: 201, body: secret };
}

function listSecrets(store: ClusterStore, labelSelector: string, accept: string): ApiAnswer {
  const [label = '', value = ''] = labelSelector.split('=');
  const secrets = store.secrets().filter(({ metadata }) => labelSelector === '' || metadata.labels?.[label] === value);
  const metadataOnly = accept.includes('as=PartialObjectMetadataList');
  return {
    status: 200,
    body: {
      apiVersion: metadataOnly ? 'meta.k8s.io/v1' : 'v1',
      kind: metadataOnly ? 'PartialObjectMetadataList' : 'SecretList',
      metadata: {},
      items: metadataOnly ? secrets.map(({ metadata }) => ({ metadata })) : secrets,
    },
  };
}

function deleteSecret(store: ClusterStore, namespace: string, name: string, body: unknown): ApiAnswer {
  const secret = store.storedSecret(namespace, name);
  if (!secret) return found(undefined, 'secrets', name);
  const { uid } = recordOf(recordOf(body).preconditions);
  if (uid !== undefined && uid !== secret.metadata.uid)
    return failure(409, 'Conflict', `secrets "${name}": another uid`);
  store.deleteSecret(namespace, name);
  return { status: 200, body: { apiVersion: 'v1', kind: 'Status', status: 'Success' } };
}

function webhookConfiguration(store: ClusterStore, name: string): unknown {
  const configuration = store.webhookConfiguration;
  return recordOf(configuration?.metadata).name === name ? configuration : undefined;
}

function patchWebhookConfiguration(store: ClusterStore, name: string, { body, contentType }: ApiRequest): ApiAnswer {
  const current = webhookConfiguration(store, name);
  if (!current) return found(undefined, 'mutatingwebhookconfigurations', name);
  if (!contentType.startsWith('application/json-patch+json'))
    return failure(415, 'UnsupportedMediaType', 'json patch only');
  try {
    store.webhookConfiguration = recordOf(applyJsonPatch(current as Json, body));
  } catch (error) {
    return failure(422, 'Invalid', describeError(error));
  }
  return { status: 200, body: store.webhookConfiguration };
}

const found = (object: unknown, resource: string, name: string): ApiAnswer =>
  object === undefined ? failure(404, 'NotFound', `${resource} "${name}" not found`) : { status: 200, body: object };

/** A Status object, as every error of the API server is one. */
export const failure = (code: number, reason: string, message: string): ApiAnswer => ({
  status: code,
  body: { apiVersion: 'v1', kind: 'Status', metadata: {}, status: 'Failure', reason, message, code },
});

const decodeGroups = (groups: Record<string, string> | undefined): Parameters =>
  Object.fromEntries(Object.entries(groups ?? {}).map(([name, value]) => [name, decodeURIComponent(value)]));

const recordOf = (value: unknown): Record<string, unknown> =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
