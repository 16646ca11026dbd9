/** The command line against a real API server, in which the manifests have been applied: no controllers, no kubelet. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { layoutOf } from '../../ca/init/files.ts';
import { establishPki } from '../../ca/init/kubernetes/establish.ts';
import { catalogue } from '../../cli/commands/catalogue.ts';
import { runCommandLine } from '../../cli/run.ts';
import { createFakeTerminal, type FakeTerminal } from '../../cli/terminal/fake-terminal.ts';
import { connectKubernetes } from '../../lib/kubernetes/index.ts';
import { systemClock } from '../../lib/time/index.ts';
import type { KubernetesApi } from '../peers/kubernetes-api.ts';

export const manifestPath = join(import.meta.dirname, '../../manifests/autocert.yaml');
export const manifest = (): string => readFileSync(manifestPath, 'utf8');

export type Ran = { readonly code: number; readonly out: string; readonly err: string };

/** One command line in this process, as a script would run it; a person's settings of step lie in the way on purpose. */
export async function autocert(kubeconfigPath: string, ...args: readonly string[]): Promise<Ran> {
  return startAutocert(kubeconfigPath, ...args).ended;
}

/** The same, to be watched while it runs. */
export function startAutocert(
  kubeconfigPath: string,
  ...args: readonly string[]
): { readonly terminal: FakeTerminal; readonly ended: Promise<Ran> } {
  const terminal = createFakeTerminal();
  const env = { STEPPATH: '/nonexistent', STEP_CONTEXT: 'nonexistent', STEP_NAMESPACE: 'nonexistent' };
  const ended = runCommandLine(catalogue, [...args, '--kubeconfig', kubeconfigPath], { terminal, env });
  return { terminal, ended: ended.then((code) => ({ code, out: terminal.out(), err: terminal.err() })) };
}

/** What the CA's first start does: it makes passwords, keys and certificates in the objects of the namespace. */
export async function makePki({ kubeconfigPath }: KubernetesApi, namespace = 'step'): Promise<void> {
  const client = await connectKubernetes({ kubeconfigPath, userAgent: 'autocert-test' });
  const dnsNames = [`autocert-step-certificates.${namespace}.svc`];
  const request = {
    prefix: 'autocert-step-certificates',
    name: 'Autocert',
    dnsNames,
    address: ':9000',
    caUrl: `https://${dnsNames[0]}`,
    provisioner: 'admin',
    webhookProvisioner: 'autocert',
    database: true,
    layout: layoutOf('/home/step'),
  };
  try {
    await establishPki(request, {
      objects: {
        read: (kind, name) => client.readData(kind, namespace, name),
        set: (object, changes) => client.setData(object, changes),
      },
      now: () => systemClock.now(),
      makePassword: () => 'of a test, thirty-two characters',
      onChange: () => {},
    });
  } finally {
    client.close();
  }
}

/** What controllers and kubelets would say of a workload; `ready` replicas of those it wants. */
export async function reportReplicas(
  api: KubernetesApi,
  workload: 'deployments/autocert' | 'statefulsets/autocert-step-certificates',
  ready?: number,
  namespace = 'step',
): Promise<void> {
  const path = `/apis/apps/v1/namespaces/${namespace}/${workload}`;
  const { body } = await api.call('GET', path);
  const { metadata, spec } = body as { metadata: { generation: number }; spec: { replicas: number } };
  const { replicas } = spec;
  const readyReplicas = ready ?? replicas;
  const counts = { replicas, updatedReplicas: replicas, readyReplicas, availableReplicas: readyReplicas };
  const status = { observedGeneration: metadata.generation, ...counts };
  const answer = await api.call('PATCH', `${path}/status`, { status });
  if (answer.status !== 200) throw new Error(`${workload}: ${JSON.stringify(answer.body)}`);
}

/** What the webhook does once it runs. */
export async function writeCaBundle(api: KubernetesApi, pem: string): Promise<void> {
  const patch = [{ op: 'add', path: '/webhooks/0/clientConfig/caBundle', value: Buffer.from(pem).toString('base64') }];
  const name = 'mutatingwebhookconfiguration/autocert-autocert-webhook-config';
  await api.kubectl(['patch', name, '--type=json', '--patch', JSON.stringify(patch)]);
}

/** A document for kubectl apply. */
export const namespaceYaml = (name: string, labels: Readonly<Record<string, string>> = {}): string =>
  `---\n${JSON.stringify({ apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } })}\n`;

/** Until objects that are made get another creationTimestamp. */
export const nextSecond = (): Promise<void> => sleep(1000 - (Date.now() % 1000) + 5);

export type PodOptions = {
  readonly annotations?: Readonly<Record<string, string>>;
  readonly labels?: Readonly<Record<string, string>>;
  readonly spec?: Readonly<Record<string, unknown>>;
};

export const podYaml = (namespace: string, name: string, { annotations, labels, spec }: PodOptions = {}): string => {
  const metadata = { name, namespace, annotations, labels };
  return `---\n${JSON.stringify({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata,
    spec: { containers: [{ name: 'app', image: 'app' }], ...spec },
  })}\n`;
};
