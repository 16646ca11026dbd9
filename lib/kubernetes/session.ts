/**
 * A person's session with an API server, for the command line: any path of the API, the answer as it came. What is asked
 * is listed where it is asked; programs in the cluster use {@link KubernetesClient}, whose methods are their rights.
 */
import type { RequestContext } from '@kubernetes/client-node';
import { applyCredentials, type KubeConfig, loadPersonalConfig } from './configuration.ts';
import { apiUnreachable } from './errors.ts';
import { type ExecRequest, type ExecResult, execPath, makeHandshake, readExec } from './exec.ts';
import { KeepAliveTransport, type RawAnswer, TransportFailure } from './transport.ts';

export type SessionOptions = {
  /** A kubeconfig file; without it $KUBECONFIG, ~/.kube/config, the pod around us. */
  readonly kubeconfigPath?: string | undefined;
  /** A context of it; without it the current one. */
  readonly context?: string | undefined;
  readonly userAgent: string;
};

export type ApiCall = {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  /** With the query: `/api/v1/pods?limit=500`. */
  readonly path: string;
  /** Sent as JSON, which every content type of the API takes. */
  readonly body?: unknown;
  /** Default `application/json`. */
  readonly contentType?: string;
  /** Default 10 s. */
  readonly timeoutMs?: number;
};

export type ApiAnswer = {
  readonly status: number;
  /** Parsed when it is JSON, else the text. */
  readonly body: unknown;
  /** What the API server and its webhooks warn about. */
  readonly warnings: readonly string[];
};

/**
 * Reads the kubeconfig; makes no request yet.
 *
 * @throws {AppError} ERR_KUBERNETES_CONFIG (invalid)
 */
export async function openSession(options: SessionOptions): Promise<ApiSession> {
  const library = await import('./kubeconfig-library.ts');
  const { kubeconfigPath: path, context } = options;
  return new ApiSession(loadPersonalConfig(library, { path, context }), options.userAgent);
}

export class ApiSession {
  readonly #config: KubeConfig;
  readonly #transport = new KeepAliveTransport();
  readonly #userAgent: string;

  /** Use {@link openSession}. */
  constructor(config: KubeConfig, userAgent: string) {
    this.#config = config;
    this.#userAgent = userAgent;
  }

  /** URL of the API server. */
  get server(): string {
    return this.#config.getCurrentCluster()?.server ?? '';
  }

  /** Name of the context; the kubeconfig's own word. */
  get context(): string {
    return this.#config.getCurrentContext();
  }

  /** What the context says, else `default`. */
  get namespace(): string {
    return this.#config.getContextObject(this.context)?.namespace ?? 'default';
  }

  /**
   * One request; any status is an answer.
   *
   * @throws {AppError} ERR_KUBERNETES_UNREACHABLE (unavailable), ERR_KUBERNETES_CONFIG (invalid)
   */
  async call({
    method,
    path,
    body,
    contentType = 'application/json',
    timeoutMs = 10_000,
  }: ApiCall): Promise<ApiAnswer> {
    const credentials = await applyCredentials(this.#config, this.#transport);
    const text = body === undefined ? undefined : JSON.stringify(body);
    const headers: Record<string, string> = {
      ...credentials,
      Accept: 'application/json, */*',
      'User-Agent': this.#userAgent,
      ...(text === undefined ? {} : { 'Content-Type': contentType }),
    };
    const signal = AbortSignal.timeout(timeoutMs);
    const server = this.server.replace(/\/$/, ''); // some clusters have a path of their own
    try {
      const answer = await this.#transport.send({
        getUrl: () => server + path,
        getHttpMethod: () => method as ReturnType<RequestContext['getHttpMethod']>,
        getHeaders: () => headers,
        getBody: () => text,
        getSignal: () => signal,
      });
      return await readAnswer(answer);
    } catch (error) {
      const action = { verb: method.toLowerCase(), resource: path.replace(/\?.*/, ''), group: '' };
      throw error instanceof TransportFailure ? apiUnreachable(action, error.cause) : error;
    }
  }

  /**
   * Runs a command in a container, without input. An answer where the API server or the kubelet refuses.
   *
   * @throws {AppError} ERR_KUBERNETES_UNREACHABLE (unavailable), ERR_KUBERNETES_CONFIG (invalid)
   */
  async exec(target: ExecRequest, timeoutMs = 20_000): Promise<ExecResult | ApiAnswer> {
    const credentials = await applyCredentials(this.#config, this.#transport);
    const handshake = makeHandshake();
    const headers = { ...credentials, 'User-Agent': this.#userAgent, ...handshake.headers };
    const signal = AbortSignal.timeout(timeoutMs);
    const action = { verb: 'exec', resource: `pods/${target.pod}`, group: '' };
    try {
      const answer = await this.#transport.upgrade(this.server.replace(/\/$/, '') + execPath(target), headers, signal);
      if (!('socket' in answer)) return await readAnswer(answer);
      const { socket, head } = answer;
      if (answer.headers['sec-websocket-accept'] !== handshake.accept) {
        socket.destroy();
        throw new Error('the upgrade was not answered as WebSocket asks for');
      }
      return await readExec(socket, head, signal);
    } catch (error) {
      throw apiUnreachable(action, error instanceof TransportFailure ? error.cause : error);
    }
  }

  /** Closes idle connections. */
  close(): void {
    this.#transport.close();
  }
}

async function readAnswer({ status, headers, body }: RawAnswer): Promise<ApiAnswer> {
  const received = await body.text();
  const { 'content-type': type = '', warning = '' } = headers;
  const parsed = type.startsWith('application/json') ? parseJson(received) : received;
  return { status, body: parsed, warnings: parseWarnings(warning) };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text; // a proxy in between; whoever looks for an object finds none
  }
}

/** `299 - "text"`, several in one header (RFC 9111 5.5 as Kubernetes uses it). */
function parseWarnings(header: string): string[] {
  return Array.from(header.matchAll(/\b299 \S+ "((?:[^"\\]|\\.)*)"/g), ([, text = '']) => text.replace(/\\(.)/g, '$1'));
}
