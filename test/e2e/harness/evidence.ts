/**
 * What is left of a scenario that failed: objects, events and logs of its namespace and of ours, and the logs of the node, in
 * one folder. The cluster is gone when somebody looks. Secrets are listed by name only.
 */
import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inState } from '../cluster/state.ts';
import { kubectl, readObject } from './kubectl.ts';

const failures = join(tmpdir(), 'autocert-e2e-failures', new Date().toISOString().replaceAll(':', '-'));
const clusterWide = 'nodes,persistentvolumes,mutatingwebhookconfigurations,validatingadmissionpolicies';

type PodNames = {
  readonly metadata: { readonly name: string };
  readonly spec: { readonly initContainers?: readonly Named[]; readonly containers: readonly Named[] };
};
type Named = { readonly name: string };

/**
 * Keeps everything that may explain a failure. Does not fail itself: what cannot be read says why in its file.
 * @param name       name of the folder
 * @param namespaces those to look into
 * @returns          path of the folder
 */
export async function keepEvidence(name: string, namespaces: readonly string[]): Promise<string> {
  const folder = join(failures, name);
  mkdirSync(folder, { recursive: true });
  await keep(join(folder, 'cluster.yaml'), kubectl('get', clusterWide, '--output=yaml'));
  for (const namespace of new Set(namespaces)) await keepNamespace(join(folder, namespace), namespace);
  cpSync(inState('log'), join(folder, 'node'), { recursive: true });
  return folder;
}

/** Adds to an error where its evidence is. */
export function withEvidence(error: unknown, folder: string): Error {
  const message = error instanceof Error ? error.message : String(error);
  return new Error(`${message}\nwhat happened is kept in ${folder}`, { cause: error });
}

async function keepNamespace(folder: string, namespace: string): Promise<void> {
  mkdirSync(folder, { recursive: true });
  const inNamespace = (...args: string[]): Promise<string> => kubectl(`--namespace=${namespace}`, ...args);
  await keep(join(folder, 'objects.yaml'), inNamespace('get', 'all,configmaps,pvc', '--output=yaml'));
  await keep(join(folder, 'secrets.txt'), inNamespace('get', 'secrets'));
  await keep(join(folder, 'events.txt'), inNamespace('get', 'events', '--sort-by=.metadata.creationTimestamp'));
  await keep(join(folder, 'pods.txt'), inNamespace('describe', 'pods'));
  const { items } = await readObject<{ items: PodNames[] }>(namespace, 'pods').catch(() => ({ items: [] }));
  for (const { metadata, spec } of items) {
    for (const { name } of [...(spec.initContainers ?? []), ...spec.containers]) {
      const logs = (...flags: string[]): Promise<string> =>
        inNamespace('logs', metadata.name, `--container=${name}`, ...flags);
      await keep(join(folder, `${metadata.name}.${name}.log`), logs());
      const previous = await logs('--previous').catch(() => ''); // it ran once only
      if (previous) await keep(join(folder, `${metadata.name}.${name}.previous.log`), Promise.resolve(previous));
    }
  }
}

async function keep(file: string, output: Promise<string>): Promise<void> {
  writeFileSync(file, await output.catch((error: Error) => error.message));
}
