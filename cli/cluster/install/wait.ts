/** Waits until webhook and CA run, and says what it waits for. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Cluster, foundIn } from '../cluster.ts';
import { notReady } from '../errors.ts';
import type { ConfigMap, KubernetesObject, WebhookConfiguration, Workload } from '../objects.ts';
import { pathOf, titleOf } from '../resource-path.ts';
import { troubleOf, whatIsMissing } from '../workload-state.ts';

export type WaitOptions = {
  readonly timeoutMs: number;
  readonly now: () => number;
  /** Called with each change of what is waited for. */
  readonly onProgress: (text: string) => void;
};

const pauseMs = 1000;

/** @throws {AppError} ERR_CLUSTER_NOT_READY (unavailable) with what the pods say */
export async function untilReady(
  cluster: Cluster,
  objects: readonly KubernetesObject[],
  { timeoutMs, now, onProgress }: WaitOptions,
): Promise<void> {
  const workloads = objects.filter(({ kind }) => kind === 'Deployment' || kind === 'StatefulSet');
  const registration = objects.find(({ kind }) => kind === 'MutatingWebhookConfiguration');
  const deadline = now() + timeoutMs;
  let shown = '';
  for (;;) {
    const waiting: string[] = [];
    for (const workload of workloads) {
      const found = foundIn(await cluster.get<Workload>(pathOf(workload)));
      const problem = found ? whatIsMissing(found) : 'not there';
      if (problem) waiting.push(`${titleOf(workload)}: ${problem}${await troubleOf(cluster, found)}`);
    }
    if (waiting.length === 0 && registration && !(await hasCaBundle(cluster, registration))) {
      waiting.push(`${titleOf(registration)}: the webhook has not written its caBundle yet`);
    }
    if (waiting.length === 0) return;
    const text = waiting.join('; ');
    if (text !== shown) onProgress(text);
    shown = text;
    if (now() >= deadline) throw notReady(text);
    await sleep(Math.min(pauseMs, Math.max(0, deadline - now())));
  }
}

async function hasCaBundle(cluster: Cluster, registration: KubernetesObject): Promise<boolean> {
  const found = foundIn(await cluster.get<WebhookConfiguration>(pathOf(registration)));
  return found?.webhooks?.every(({ clientConfig }) => clientConfig?.caBundle) ?? false;
}

/** The root that pods will trust, from the ConfigMap that the webhook mounts. */
export async function readRoot(cluster: Cluster, objects: readonly KubernetesObject[]): Promise<string | undefined> {
  for (const object of objects.filter(({ kind }) => kind === 'ConfigMap')) {
    const root = foundIn(await cluster.get<ConfigMap>(pathOf(object)))?.data?.['root_ca.crt'];
    if (root) return root;
  }
  return undefined;
}
