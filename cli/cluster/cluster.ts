/**
 * What the cluster commands ask an API server. Rights are what they are: a refusal is an answer, told apart from "there
 * is none", so that a check can say that it could not be made. Only a server that does not answer at all is an error.
 *
 * Keep: nothing here changes the cluster but `apply`, which only the installer calls.
 */
import { AppError } from '../../lib/errors/index.ts';
import type { ApiAnswer, ApiSession, ExecResult } from '../../lib/kubernetes/index.ts';
import type { KubernetesObject, Metadata } from './objects.ts';

export type Reading<T> =
  | { readonly kind: 'found'; readonly value: T }
  | { readonly kind: 'missing' }
  /** `why` is the API server's own sentence. */
  | { readonly kind: 'refused'; readonly why: string }
  | { readonly kind: 'failed'; readonly why: string };

/** As RBAC names it. */
export type Action = {
  readonly verb: string;
  readonly group?: string;
  readonly resource: string;
  readonly subresource?: string;
  readonly namespace?: string;
  readonly name?: string;
};

/** Objects of a page. Larger ones are cut off by some proxies. */
const pageSize = 500;

type Session = Pick<ApiSession, 'call' | 'exec' | 'server' | 'context' | 'namespace' | 'close'>;

export class Cluster {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  get server(): string {
    return this.#session.server;
  }

  get context(): string {
    return this.#session.context;
  }

  /** Of the context. */
  get namespace(): string {
    return this.#session.namespace;
  }

  close(): void {
    this.#session.close();
  }

  /** @throws {AppError} ERR_KUBERNETES_UNREACHABLE (unavailable), also below */
  async get<T>(path: string): Promise<Reading<T>> {
    return readingOf(await this.#session.call({ method: 'GET', path }));
  }

  /** All pages. `keep` is asked at once, so that a large cluster is never held whole. */
  async list<T extends KubernetesObject>(
    path: string,
    query: Readonly<Record<string, string>> = {},
    keep: (item: T) => boolean = () => true,
  ): Promise<Reading<readonly T[]>> {
    const found: T[] = [];
    let continueToken = '';
    do {
      const parameters = new URLSearchParams({ ...query, limit: String(pageSize) });
      if (continueToken !== '') parameters.set('continue', continueToken);
      const page = await this.get<{ items?: T[]; metadata?: Metadata & { continue?: string } }>(
        `${path}?${parameters}`,
      );
      if (page.kind !== 'found') return page;
      found.push(...(page.value.items ?? []).filter(keep));
      continueToken = page.value.metadata?.continue ?? '';
    } while (continueToken !== '');
    return { kind: 'found', value: found };
  }

  /** Whether we may do that; undefined when even that question is refused. */
  async may(action: Action): Promise<boolean | undefined> {
    return this.#review('selfsubjectaccessreviews', 'SelfSubjectAccessReview', { resourceAttributes: of(action) });
  }

  /** Whether a ServiceAccount may. */
  async mayAccount(
    account: { readonly namespace: string; readonly name: string },
    action: Action,
  ): Promise<boolean | undefined> {
    const { namespace, name } = account;
    return this.#review('subjectaccessreviews', 'SubjectAccessReview', {
      user: `system:serviceaccount:${namespace}:${name}`,
      groups: ['system:serviceaccounts', `system:serviceaccounts:${namespace}`, 'system:authenticated'],
      resourceAttributes: of(action),
    });
  }

  /** GET of a path of a Service, through the API server, which does not verify its certificate. Any answer is one. */
  proxy(service: { readonly namespace: string; readonly name: string; readonly port: number }, path: string) {
    const { namespace, name, port } = service;
    const place = `/api/v1/namespaces/${namespace}/services/https:${name}:${port}/proxy${path}`;
    return this.#session.call({ method: 'GET', path: place });
  }

  /** GET of a path of a pod over plain HTTP, through the API server. */
  proxyPod({ metadata }: KubernetesObject, port: number, path: string): Promise<Reading<string>> {
    return this.get(`/api/v1/namespaces/${metadata.namespace}/pods/${metadata.name}:${port}/proxy${path}`);
  }

  /** Runs a command in a container of a pod, without input. */
  async exec(
    { metadata }: KubernetesObject,
    container: string,
    command: readonly string[],
  ): Promise<Reading<ExecResult>> {
    const { namespace = '', name: pod = '' } = metadata;
    const answer = await this.#session.exec({ namespace, pod, container, command });
    if ('stdout' in answer) return { kind: 'found', value: answer };
    const reading = readingOf<never>(answer);
    return reading.kind === 'found' ? { kind: 'failed', why: `status ${answer.status} without an upgrade` } : reading;
  }

  /** What would become of a new pod: admission runs in full and nothing is stored. */
  dryRunPod(namespace: string, pod: unknown): Promise<ApiAnswer> {
    const path = `/api/v1/namespaces/${namespace}/pods?dryRun=All&fieldManager=autocert`;
    return this.#session.call({ method: 'POST', path, body: pod, timeoutMs: 45_000 });
  }

  /** Server-side apply, as field manager `autocert`. */
  apply(path: string, object: unknown, options: { readonly dryRun: boolean; readonly force: boolean }) {
    const query = new URLSearchParams({ fieldManager: 'autocert', force: String(options.force) });
    if (options.dryRun) query.set('dryRun', 'All');
    return this.#session.call({
      method: 'PATCH',
      path: `${path}?${query}`,
      body: object,
      contentType: 'application/apply-patch+yaml',
      timeoutMs: 45_000,
    });
  }

  async #review(resource: string, kind: string, spec: unknown): Promise<boolean | undefined> {
    const answer = await this.#session.call({
      method: 'POST',
      path: `/apis/authorization.k8s.io/v1/${resource}`,
      body: { apiVersion: 'authorization.k8s.io/v1', kind, spec },
    });
    const { status } = (answer.body ?? {}) as { status?: { allowed?: unknown } };
    return typeof status === 'object' && typeof status.allowed === 'boolean' ? status.allowed : undefined;
  }
}

/** @throws {AppError} ERR_KUBERNETES_REFUSED (unauthenticated): nothing else can be asked either */
function readingOf<T>({ status, body }: ApiAnswer): Reading<T> {
  if (status >= 200 && status < 300) return { kind: 'found', value: body as T };
  const why = messageOf(body) || `status ${status}`;
  if (status === 401) {
    throw new AppError('ERR_KUBERNETES_REFUSED', 'unauthenticated', `kubernetes: refused (401): ${why}`, {
      hint: 'the credentials of this kubeconfig are not accepted; log in again, or choose another --context',
    });
  }
  if (status === 404) return { kind: 'missing' };
  return { kind: status === 403 ? 'refused' : 'failed', why };
}

/** Of a Status object; of anything else the beginning. */
export function messageOf(body: unknown): string {
  if (typeof body === 'string') return body.slice(0, 300).trim();
  const message = typeof body === 'object' && body !== null && 'message' in body ? body.message : undefined;
  return typeof message === 'string' ? message : '';
}

const of = ({ group = '', ...action }: Action): Record<string, string> => ({ group, ...action });

/** What was found, else undefined, where "none" and "may not" lead to the same. */
export const foundIn = <T>(reading: Reading<T>): T | undefined =>
  reading.kind === 'found' ? reading.value : undefined;

/** Why something was not read, for what then cannot be told. */
export const whyNot = (reading: Exclude<Reading<unknown>, { readonly kind: 'found' }>): string =>
  reading.kind === 'missing' ? 'it is not there' : reading.why;
