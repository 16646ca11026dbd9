/** The command line against a real API server, in which the manifests have been applied: no controllers, no kubelet. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { catalogue } from '../../cli/commands/catalogue.ts';
import { runCommandLine } from '../../cli/run.ts';
import { createFakeTerminal } from '../../cli/terminal/fake-terminal.ts';

export const manifestPath = join(import.meta.dirname, '../../manifests/autocert.yaml');
export const manifest = (): string => readFileSync(manifestPath, 'utf8');

export type Ran = { readonly code: number; readonly out: string; readonly err: string };

/** One command line in this process, as a script would run it; defaults.json of a person lies in the way on purpose. */
export async function autocert(kubeconfigPath: string, ...args: readonly string[]): Promise<Ran> {
  const terminal = createFakeTerminal();
  const env = { STEPPATH: '/nonexistent', STEP_CONTEXT: 'nonexistent', STEP_NAMESPACE: 'nonexistent' };
  const code = await runCommandLine(catalogue, [...args, '--kubeconfig', kubeconfigPath], { terminal, env });
  return { code, out: terminal.out(), err: terminal.err() };
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
