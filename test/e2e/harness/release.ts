/** The chart as a release in the test cluster, by the real Helm. */

import { chartFolder } from '../../../tools/manifests/helm.ts';
import { peerPath } from '../../../tools/peers/index.ts';
import { kubeconfigPath } from '../cluster/credentials.ts';
import { insideNetwork, run } from '../cluster/processes.ts';
import { inState } from '../cluster/state.ts';
import { timeoutFlag } from '../patience.ts';
import { keepEvidence, withEvidence } from './evidence.ts';
import { kubectl, readObject } from './kubectl.ts';

export type ReleaseOptions = {
  readonly release?: string;
  readonly namespace?: string;
  readonly set?: Readonly<Record<string, string>>;
  readonly valuesFiles?: readonly string[];
};

const timeout = timeoutFlag(180);

/**
 * Installs, or upgrades with exactly these values, and waits until everything is ready. What hindered it is kept.
 * @returns what Helm printed
 */
export async function install({
  release = 'autocert',
  namespace = 'step',
  set = {},
  valuesFiles = [],
}: ReleaseOptions = {}): Promise<string> {
  const installing = helm(
    ...[
      'upgrade',
      '--install',
      release,
      chartFolder,
      `--namespace=${namespace}`,
      '--create-namespace',
      '--reset-values',
    ],
    ...['--wait', timeout],
    ...valuesFiles.map((file) => `--values=${file}`),
    ...Object.entries(set).map(([name, value]) => `--set=${name}=${value}`),
  );
  return installing.catch(async (error: unknown) => {
    throw withEvidence(error, await keepEvidence(`install-${Date.now().toString(36)}`, [namespace]));
  });
}

/** Uninstalls, then deletes the namespace with all that the notes say is left. */
export async function remove({ release = 'autocert', namespace = 'step' }: ReleaseOptions = {}): Promise<void> {
  await helm('uninstall', release, `--namespace=${namespace}`, '--wait', timeout, '--ignore-not-found');
  await kubectl('delete', 'namespace', namespace, '--ignore-not-found', timeout);
}

export function helm(...args: readonly string[]): Promise<string> {
  const home = inState('helm');
  const environment = [`KUBECONFIG=${kubeconfigPath('admin')}`, `HOME=${home}`, `PATH=${process.env.PATH}`];
  return run([...insideNetwork, 'env', '-i', ...environment, peerPath('helm'), ...args]);
}

const prefix = 'autocert-step-certificates';

/** Changes ca.json in its ConfigMap and restarts the CA, as the chart's documentation says. */
export async function changeCaJson(change: (caJson: CaJson) => void, namespace = 'step'): Promise<void> {
  const { data } = await readObject<{ data: Record<string, string> }>(namespace, 'configmap', `${prefix}-config`);
  const caJson = JSON.parse(data['ca.json'] ?? '{}') as CaJson;
  change(caJson);
  const patch = JSON.stringify({ data: { 'ca.json': JSON.stringify(caJson, null, '\t') } });
  await kubectl(
    'patch',
    'configmap',
    `${prefix}-config`,
    `--namespace=${namespace}`,
    '--type=merge',
    `--patch=${patch}`,
  );
  await restartCa(namespace);
}

export type CaJson = {
  authority: { claims?: Record<string, string>; [member: string]: unknown };
  [member: string]: unknown;
};

export async function restartCa(namespace = 'step'): Promise<void> {
  await kubectl('rollout', 'restart', `statefulset/${prefix}`, `--namespace=${namespace}`);
  await kubectl('rollout', 'status', `statefulset/${prefix}`, `--namespace=${namespace}`, timeout);
}

/** Stops the CA, or starts it again and waits until it serves. */
export async function scaleCa(replicas: 0 | 1, namespace = 'step'): Promise<void> {
  await kubectl('scale', `statefulset/${prefix}`, `--replicas=${replicas}`, `--namespace=${namespace}`);
  await kubectl('rollout', 'status', `statefulset/${prefix}`, `--namespace=${namespace}`, timeout);
  if (replicas === 0) await kubectl('wait', '--for=delete', `pod/${prefix}-0`, `--namespace=${namespace}`, timeout);
}
