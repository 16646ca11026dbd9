/**
 * The webhook of a local run: the real program, on free ports of loopback, with the local cluster as its Kubernetes.
 * Its configuration is what the chart renders, but for addresses.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { get } from 'node:https';
import { join } from 'node:path';
import type { Clock } from '../../../lib/time/index.ts';
import { serverNotReady } from '../errors.ts';
import type { ServiceEntry } from '../network/cluster-names.ts';
import type { ProcessStarter } from '../processes/keeper-client.ts';
import { type LocalCa, provisionerName } from './certificate-authority.ts';
import { nodeCommand } from './programs.ts';
import { startServer } from './wait-for-line.ts';

export type TokenMode = 'service-account' | 'secret';

export type WebhookSettings = {
  readonly tokenMode: TokenMode;
  /** Go duration. */
  readonly certLifetime: string;
  readonly clusterDomain: string;
  readonly restrictCertificatesToNamespace: boolean;
};

export type LocalWebhook = {
  readonly port: number;
  /** Its Service, for pods that ask for their token. */
  readonly service: ServiceEntry;
  readonly lost: Promise<never>;
};

/** Namespace and name of the webhook's Service, as the chart installs it. */
const webhookNamespace = 'step';
const webhookService = 'autocert';
/** The name in its certificate. */
export const serverName = `${webhookService}.${webhookNamespace}.svc`;
/** The port of its Service where pods ask for their token. */
const bootstrapPort = 4444;

/** Generous: a laptop may be busy. */
const readyWithinMs = 60_000;
const lookMs = 100;

/** Name of the local MutatingWebhookConfiguration, whose caBundle the webhook keeps. */
const webhookConfigurationName = 'autocert';

/** What the installer of a cluster registers; the webhook adds the caBundle. */
export const initialWebhookConfiguration = {
  apiVersion: 'admissionregistration.k8s.io/v1',
  kind: 'MutatingWebhookConfiguration',
  metadata: { name: webhookConfigurationName },
  webhooks: [
    {
      name: 'autocert.step.sm',
      clientConfig: { service: { namespace: webhookNamespace, name: webhookService, path: '/mutate' } },
    },
  ],
};

/** @throws {AppError} ERR_LOCAL_START (unavailable) */
export async function startWebhook(
  folder: string,
  starter: ProcessStarter,
  ca: LocalCa,
  kubeconfigPath: string,
  settings: WebhookSettings,
  clock: Clock,
): Promise<LocalWebhook> {
  const configPath = join(folder, 'webhook.yaml');
  writeFileSync(configPath, JSON.stringify(renderConfig(ca, settings), null, 2)); // JSON is YAML
  const { file, args } = nodeCommand('webhook');
  const env = {
    PROVISIONER_NAME: provisionerName,
    NAMESPACE: webhookNamespace,
    STEPPATH: ca.stepPath,
    KUBECONFIG: kubeconfigPath,
    PATH: process.env.PATH ?? '',
    HOME: folder,
  };
  const server = await startServer(
    'webhook',
    starter,
    { file, args: [...args, configPath], env, cwd: folder },
    readPorts,
  );
  const { port, localBootstrapPort } = server.ready;
  await Promise.race([untilReady(port, readFileSync(ca.rootPath, 'utf8'), clock), server.lost]);
  return { port, service: describeService(port, localBootstrapPort), lost: server.lost };
}

const renderConfig = (ca: LocalCa, settings: WebhookSettings): Record<string, unknown> => ({
  address: '127.0.0.1:0',
  service: webhookService,
  logFormat: 'json',
  caUrl: ca.url,
  certLifetime: settings.certLifetime,
  clusterDomain: settings.clusterDomain,
  restrictCertificatesToNamespace: settings.restrictCertificatesToNamespace,
  rootCAPath: ca.rootPath,
  provisionerPasswordPath: ca.passwordPath,
  tokenMode: settings.tokenMode,
  ...(settings.tokenMode === 'service-account' && {
    bootstrapAddress: '127.0.0.1:0',
    bootstrapUrl: `https://${webhookService}.${webhookNamespace}.svc:${bootstrapPort}/v1/bootstrap`,
  }),
  webhookConfigurationName,
  bootstrapper: { name: 'autocert-bootstrapper', image: 'autocert-bootstrapper' },
  renewer: { name: 'autocert-renewer', image: 'autocert-renewer' },
  certsVolume: { name: 'certs', emptyDir: {} },
});

type Ports = { readonly port: number; readonly localBootstrapPort: number | undefined };

function readPorts(line: string): Ports | undefined {
  if (!line.includes('"listening"')) return undefined;
  const { msg, address, bootstrapAddress } = JSON.parse(line) as Record<string, unknown>;
  if (msg !== 'listening') return undefined;
  const portOf = (text: unknown): number => Number(String(text).replace(/^.*:/, ''));
  return {
    port: portOf(address),
    localBootstrapPort: bootstrapAddress === undefined ? undefined : portOf(bootstrapAddress),
  };
}

/** It listens at once and is ready when it has its own certificate and has registered its roots. */
async function untilReady(port: number, rootPem: string, clock: Clock): Promise<void> {
  const deadline = clock.now() + readyWithinMs;
  for (;;) {
    const problem = await askReadiness(port, rootPem);
    if (problem === undefined) return;
    if (clock.now() > deadline)
      throw serverNotReady('webhook', `not ready within ${readyWithinMs / 1000} s`, [problem]);
    await clock.sleep(lookMs);
  }
}

/** Undefined when it is ready, else why not. */
function askReadiness(port: number, rootPem: string): Promise<string | undefined> {
  const { promise, resolve } = Promise.withResolvers<string | undefined>();
  const call = get(
    { host: '127.0.0.1', port, path: '/readyz', servername: serverName, ca: rootPem, agent: false },
    (response) => {
      let text = '';
      response.on('data', (chunk: Buffer) => {
        text += chunk;
      });
      response.on('error', (error) => resolve(error.message));
      response.on('end', () => resolve(response.statusCode === 200 ? undefined : text.trim()));
    },
  );
  call.setTimeout(readyWithinMs, () => call.destroy(new Error('no answer')));
  call.on('error', (error) => resolve(error.message)); // its first certificate is not of our CA yet
  return promise;
}

function describeService(port: number, localBootstrapPort: number | undefined): ServiceEntry {
  const toLocal = (servicePort: number, localPort: number) => ({ port: servicePort, endpoints: [{ localPort }] });
  return {
    namespace: webhookNamespace,
    name: webhookService,
    ports: [
      toLocal(443, port),
      ...(localBootstrapPort === undefined ? [] : [toLocal(bootstrapPort, localBootstrapPort)]),
    ],
  };
}
