/** The chart as a release in the test cluster, by the real Helm. */

import { chartFolder } from '../../../tools/manifests/helm.ts';
import { peerPath } from '../../../tools/peers/index.ts';
import { kubeconfigPath } from '../cluster/credentials.ts';
import { insideNetwork, run } from '../cluster/processes.ts';
import { inState } from '../cluster/state.ts';
import { timeoutFlag } from '../patience.ts';
import { keepEvidence, withEvidence } from './evidence.ts';
import { kubectl, readObject } from './kubectl.ts';
import { eventually } from './wait.ts';

export type Values = {
  readonly set?: Readonly<Record<string, string>>;
  readonly files?: readonly string[];
};

export type CaJson = {
  authority: { claims?: Record<string, string>; [member: string]: unknown };
  [member: string]: unknown;
};

export type Release = {
  readonly name: string;
  readonly namespace: string;
  /** The webhook, for kubectl. */
  readonly deployment: string;
  /** Prefix of the objects of the CA, and the name of its StatefulSet and Service. */
  readonly ca: string;
  /** Labels of namespaces whose pods it serves. */
  readonly namespaceLabels: Readonly<Record<string, string>>;
  /** Flags of Helm that make it serve those only. */
  readonly flags: readonly string[];
};

const enabled = { 'autocert.step.sm': 'enabled' };

/** The release of scenarios that have the cluster for themselves. It serves every namespace that is switched on. */
export const main: Release = releaseOf('autocert', 'step', enabled, []);

/** A release that serves namespaces of its own, so that several are in one cluster at a time. */
export function separate(name: string, namespace = name): Release {
  const label = 'e2e.autocert.step.sm/release';
  const expression = { key: label, operator: 'In', values: [name] };
  const flag = `--set-json=webhook.namespaceSelectorExpressions=${JSON.stringify([expression])}`;
  return releaseOf(name, namespace, { ...enabled, [label]: name }, [flag]);
}

function releaseOf(
  name: string,
  namespace: string,
  namespaceLabels: Readonly<Record<string, string>>,
  flags: readonly string[],
): Release {
  return { name, namespace, deployment: `deployment/${name}`, ca: `${name}-step-certificates`, namespaceLabels, flags };
}

const timeout = timeoutFlag(180);

/**
 * Installs, or upgrades with exactly these values, and waits until everything is ready and reached. What hindered it is kept.
 * @returns what Helm printed
 */
export async function install({ set = {}, files = [] }: Values = {}, release = main): Promise<string> {
  const { name, namespace, flags } = release;
  const installing = helm(
    ...['upgrade', '--install', name, chartFolder, `--namespace=${namespace}`, '--create-namespace'],
    ...['--reset-values', '--wait', timeout, ...flags],
    ...files.map((file) => `--values=${file}`),
    ...Object.entries(set).map(([key, value]) => `--set=${key}=${value}`),
  );
  try {
    const output = await installing;
    await untilReached(release);
    return output;
  } catch (error) {
    throw withEvidence(error, await keepEvidence(`install-${Date.now().toString(36)}`, [namespace]));
  }
}

/** kube-proxy hears of a pod a moment after it is ready. Asks from where the API server asks. */
async function untilReached({ name, namespace }: Release): Promise<void> {
  const { spec } = await readObject<{ spec: { clusterIP: string } }>(namespace, 'service', name);
  const url = `https://${spec.clusterIP}/healthz`;
  const ask = [...insideNetwork, 'curl', '--silent', '--fail', '--insecure', '--max-time', '2', url];
  await eventually('the Service to lead to the webhook', 30, async () => (await run(ask)).includes('ok'));
}

/** Uninstalls, then deletes the namespace with all that the notes say is left. */
export async function remove({ name, namespace } = main): Promise<void> {
  await helm('uninstall', name, `--namespace=${namespace}`, '--wait', timeout, '--ignore-not-found');
  await kubectl('delete', 'namespace', namespace, '--ignore-not-found', timeout);
}

export function helm(...args: readonly string[]): Promise<string> {
  const home = inState('helm');
  const environment = [`KUBECONFIG=${kubeconfigPath('admin')}`, `HOME=${home}`, `PATH=${process.env.PATH}`];
  return run([...insideNetwork, 'env', '-i', ...environment, peerPath('helm'), ...args]);
}

/** Changes ca.json in its ConfigMap and restarts the CA, as the chart's documentation says. */
export async function changeCaJson(change: (caJson: CaJson) => void, release = main): Promise<void> {
  const { ca, namespace } = release;
  const { data } = await readObject<{ data: Record<string, string> }>(namespace, 'configmap', `${ca}-config`);
  const caJson = JSON.parse(data['ca.json'] ?? '{}') as CaJson;
  change(caJson);
  const patch = JSON.stringify({ data: { 'ca.json': JSON.stringify(caJson, null, '\t') } });
  await kubectl('patch', 'configmap', `${ca}-config`, `--namespace=${namespace}`, '--type=merge', `--patch=${patch}`);
  await restart(`statefulset/${ca}`, release);
}

export const restartCa = (release = main): Promise<void> => restart(`statefulset/${release.ca}`, release);
export const restartWebhook = (release = main): Promise<void> => restart(release.deployment, release);

async function restart(workload: string, { namespace }: Release): Promise<void> {
  await kubectl('rollout', 'restart', workload, `--namespace=${namespace}`);
  await untilRolledOut(workload, namespace);
}

/** Waits until a workload is as its template says. */
export const untilRolledOut = (workload: string, namespace: string): Promise<string> =>
  kubectl('rollout', 'status', workload, `--namespace=${namespace}`, timeout);

/** Stops the CA, or starts it again and waits until it serves. */
export async function scaleCa(replicas: 0 | 1, { ca, namespace } = main): Promise<void> {
  await kubectl('scale', `statefulset/${ca}`, `--replicas=${replicas}`, `--namespace=${namespace}`);
  await untilRolledOut(`statefulset/${ca}`, namespace);
  if (replicas === 0) await kubectl('wait', '--for=delete', `pod/${ca}-0`, `--namespace=${namespace}`, timeout);
}
