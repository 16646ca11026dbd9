/**
 * Where the API server is and who we are to it: kubeconfig files, their contexts and every form of credentials in them,
 * or the ServiceAccount of the pod around us. The reading is done by @kubernetes/client-node; here is what follows.
 */
import { Agent, type RequestOptions } from 'node:https';
import { apiConfigInvalid } from './errors.ts';
import type { KeepAliveTransport } from './transport.ts';

export type ClientNode = typeof import('./client-node.ts');
export type KubeConfig = InstanceType<ClientNode['KubeConfig']>;

/** @throws {AppError} ERR_KUBERNETES_CONFIG (invalid) when there is neither that file nor, without one, a pod around us */
export function loadConfig(clientNode: ClientNode, path: string | undefined): KubeConfig {
  const config = new clientNode.KubeConfig();
  try {
    if (path === undefined) config.loadFromCluster();
    else config.loadFromFile(path);
  } catch (error) {
    throw apiConfigInvalid(`${path ?? 'in-cluster configuration'} cannot be read`, error);
  }
  checkServer(config, path);
  return config;
}

/**
 * As kubectl finds it: the file, else $KUBECONFIG (several files), else ~/.kube/config, else the pod around us.
 *
 * @throws {AppError} ERR_KUBERNETES_CONFIG (invalid)
 */
export function loadPersonalConfig(
  clientNode: Pick<ClientNode, 'KubeConfig'>,
  { path, context }: { readonly path?: string | undefined; readonly context?: string | undefined },
): KubeConfig {
  const config = new clientNode.KubeConfig();
  const place = path ?? process.env.KUBECONFIG ?? 'kubeconfig';
  try {
    if (path === undefined) config.loadFromDefault();
    else config.loadFromFile(path);
  } catch (error) {
    throw apiConfigInvalid(`${place} cannot be read`, error);
  }
  // What client-node makes up where it finds nothing
  if (config.getCurrentCluster()?.server === 'http://localhost:8080') throw apiConfigInvalid('no kubeconfig is found');
  if (context !== undefined) {
    const known = config.getContexts().map(({ name }) => name);
    if (!known.includes(context)) throw apiConfigInvalid(`${place} has no context "${context}", but ${listOf(known)}`);
    config.setCurrentContext(context);
  }
  checkServer(config, place);
  return config;
}

function checkServer(config: KubeConfig, place: string | undefined): void {
  const server = config.getCurrentCluster()?.server;
  if (!server) throw apiConfigInvalid(`${place} names no current cluster`);
  if (!URL.canParse(server)) throw apiConfigInvalid('KUBERNETES_SERVICE_HOST or KUBERNETES_SERVICE_PORT is not set');
  if (!server.startsWith('https:')) throw apiConfigInvalid(`${place} points at ${server}, which is not https`);
}

const listOf = (names: readonly string[]): string => (names.length === 0 ? 'none at all' : names.join(', '));

/**
 * Credentials for one request, read anew each time: the kubelet and cloud plugins rotate them.
 *
 * @returns the headers to send; the transport is told the TLS settings
 * @throws {AppError} ERR_KUBERNETES_CONFIG (invalid)
 */
export async function applyCredentials(
  config: KubeConfig,
  transport: KeepAliveTransport,
): Promise<Record<string, string>> {
  const headers: Record<string, string> = {};
  const options: RequestOptions = { headers };
  try {
    await config.applyToHTTPSOptions(options);
  } catch (error) {
    throw apiConfigInvalid('credentials cannot be read', error);
  }
  const { agent, ca, cert, key, rejectUnauthorized } = options;
  // A kubeconfig with `proxy-url`: only client-node's own agent knows the way
  const proxied = agent instanceof Agent && agent.constructor !== Agent;
  if (proxied) transport.useAgent(agent);
  else {
    const servername = config.getCurrentCluster()?.tlsServerName;
    transport.useTls({ ca, cert, key, rejectUnauthorized, servername });
  }
  const { auth } = options;
  return auth ? { ...headers, Authorization: `Basic ${Buffer.from(auth).toString('base64')}` } : headers;
}
