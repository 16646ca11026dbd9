/**
 * The chart's objects on a real API server, with the real webhook running beside it as the chart's own ServiceAccount.
 *
 * The webhook is called through its Service, as in a cluster: the Service is of type ExternalName and leads to loopback,
 * so that the API server checks the serving certificate for the Service's name against the caBundle which the webhook has
 * written itself. There is no kubelet: pods are stored and never run.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { stringify } from 'yaml';
import { render, webhookConfigOf } from '../../helm/chart.ts';
import { compileCache } from '../../peers/compile-cache.ts';
import { type ApiAnswer, type KubernetesApi, startKubernetesApi } from '../../peers/kubernetes-api.ts';
import { createAuthority, type WebhookAuthority } from '../webhook-authority.ts';

const serviceName = 'autocert';
const webhookConfiguration = 'autocert-autocert-webhook-config';

export type PodManifest = { readonly metadata: object; readonly spec: object };

export type AdmissionCluster = {
  readonly api: KubernetesApi;
  readonly authority: WebhookAuthority;
  /** Everything the webhook has logged so far. */
  log(): string;
  createNamespace(name: string, labels: Readonly<Record<string, string>>): Promise<void>;
  createPod(namespace: string, pod: PodManifest, query?: string): Promise<ApiAnswer>;
  stop(): Promise<void>;
};

/** @param tokenMode value `autocert.tokenMode` of the chart */
export async function startAdmissionCluster(tokenMode: 'service-account' | 'secret'): Promise<AdmissionCluster> {
  const folder = mkdtempSync(join(tmpdir(), 'autocert-admission-'));
  const endings: (() => Promise<void>)[] = [async () => rmSync(folder, { recursive: true })];
  const stop = async (): Promise<void> => {
    for (const end of endings.reverse()) await end();
  };
  try {
    const [api, authority] = await Promise.all([startKubernetesApi(), createAuthority('step-ca')]);
    endings.push(
      () => api.stop(),
      () => authority.remove(),
    );
    await authority.start();
    const objects = await render({ set: [`autocert.tokenMode=${tokenMode}`] });
    await api.kubectl(['create', 'namespace', 'step']);
    await api.kubectl(
      ['apply', '--server-side', '-n', 'step', '-f', '-'],
      objects.map((o) => JSON.stringify(o)).join('\n'),
    );

    const configPath = join(folder, 'config.yaml');
    const config = {
      ...webhookConfigOf(objects),
      address: '127.0.0.1:0',
      bootstrapAddress: '127.0.0.1:0',
      caUrl: authority.url,
      rootCAPath: authority.rootPath,
      provisionerPasswordPath: authority.passwordPath,
    };
    writeFileSync(configPath, stringify(config));
    const lines: string[] = [];
    const webhook = startWebhook(configPath, await serviceAccountKubeconfig(api), lines);
    endings.push(async () => {
      webhook.kill('SIGTERM');
      if (webhook.exitCode === null) await once(webhook, 'exit');
    });
    await pointServiceTo(api, await listeningPort(webhook, lines));

    const cluster: AdmissionCluster = {
      api,
      authority,
      log: () => lines.join('\n'),
      async createNamespace(name, labels) {
        const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } };
        await api.call('POST', '/api/v1/namespaces', namespace);
      },
      createPod: (namespace, pod, query = '') =>
        api.call('POST', `/api/v1/namespaces/${namespace}/pods${query}`, withServiceAccount(pod)),
      stop,
    };
    await untilInjecting(cluster);
    return cluster;
  } catch (error) {
    await stop();
    throw error;
  }
}

/** What the ServiceAccount admission plugin does before webhooks are called; it is off, since it wants controllers. */
function withServiceAccount(pod: PodManifest): PodManifest {
  return { ...pod, spec: { serviceAccountName: 'default', ...pod.spec } };
}

/** The rights of the chart's ServiceAccount and no others. */
async function serviceAccountKubeconfig(api: KubernetesApi): Promise<string> {
  const path = `/api/v1/namespaces/step/serviceaccounts/${serviceName}/token`;
  const { body } = await api.call('POST', path, {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenRequest',
    spec: {},
  });
  return api.kubeconfigFor((body as { status: { token: string } }).status.token, 'webhook');
}

function startWebhook(configPath: string, kubeconfigPath: string, lines: string[]): ChildProcess {
  const child = spawn(process.execPath, [join(import.meta.dirname, '../../../webhook/main.ts'), configPath], {
    env: {
      PATH: process.env.PATH,
      ...compileCache,
      PROVISIONER_NAME: 'autocert',
      NAMESPACE: 'step',
      KUBECONFIG: kubeconfigPath,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on('line', (line) => lines.push(line));
  }
  return child;
}

async function listeningPort(webhook: ChildProcess, lines: readonly string[]): Promise<number> {
  const address = (): string | undefined =>
    lines
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line) as { msg: string; address?: string })
      .find(({ msg }) => msg === 'listening')?.address;
  await until('the webhook listens', async () => {
    if (webhook.exitCode !== null) throw new Error(`the webhook ended with ${webhook.exitCode}\n${lines.join('\n')}`);
    return address() !== undefined;
  });
  return Number(address()?.split(':').at(-1));
}

async function pointServiceTo(api: KubernetesApi, port: number): Promise<void> {
  const services = '/api/v1/namespaces/step/services';
  await api.call('DELETE', `${services}/${serviceName}`);
  const spec = { type: 'ExternalName', externalName: 'localhost' };
  await api.call('POST', services, { apiVersion: 'v1', kind: 'Service', metadata: { name: serviceName }, spec });
  const change = [{ op: 'replace', path: '/webhooks/0/clientConfig/service/port', value: port }];
  await api.kubectl([
    'patch',
    'mutatingwebhookconfiguration',
    webhookConfiguration,
    '--type=json',
    '-p',
    JSON.stringify(change),
  ]);
}

/** The API server takes up a changed webhook configuration within a second or so; the webhook writes caBundle itself. */
async function untilInjecting(cluster: AdmissionCluster): Promise<void> {
  await cluster.createNamespace('probe', { 'autocert.step.sm': 'enabled' });
  const pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'probe', annotations: { 'autocert.step.sm/name': 'probe.probe.svc.cluster.local' } },
    spec: { containers: [{ name: 'app', image: 'app' }] },
  };
  let answer: ApiAnswer | undefined;
  await until('pods are injected', async () => {
    answer = await cluster.createPod('probe', pod, '?dryRun=All');
    return (answer.body as { spec?: { initContainers?: unknown[] } }).spec?.initContainers !== undefined;
  }).catch((error: unknown) => {
    const log = cluster.log().split('\n').slice(0, 20).join('\n');
    throw new Error(`${JSON.stringify(answer?.body)}\n${log}\n${String(error)}`);
  });
}

async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 60_000;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`not within a minute: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
