/**
 * Runs the real Helm on the chart. The Kubernetes version is always named: a Helm built by `go install` takes one of
 * its own years back.
 */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { peerPath } from '../peers/index.ts';

/** Folder of the chart. */
export const chartFolder = join(import.meta.dirname, '..', '..', 'charts', 'autocert');

/** Helm as the peers name it: version 4 and version 3. */
export type HelmProgram = 'helm' | 'helm3';

/** What to render. */
export type Rendering = {
  /** Default `autocert`. */
  readonly release?: string;
  /** Default `step`. */
  readonly namespace?: string;
  /** Paths of values files, later ones win. */
  readonly valuesFiles?: readonly string[];
  /** `--set` assignments. */
  readonly set?: readonly string[];
  /** Default 1.37.2. */
  readonly kubeVersion?: string;
  /** Default Helm 4. */
  readonly helm?: HelmProgram;
};

/** Output of `helm template`. Rejects with what Helm says when the values are refused. */
export function templateChart(rendering: Rendering = {}): Promise<string> {
  const { release = 'autocert', namespace = 'step' } = rendering;
  return runHelm(rendering, ['template', release, chartFolder, '--namespace', namespace]);
}

/** The notes that `helm install` prints. */
export async function renderNotes(rendering: Omit<Rendering, 'helm' | 'kubeVersion'> = {}): Promise<string> {
  const { release = 'autocert', namespace = 'step' } = rendering;
  const output = await runHelm(rendering, [
    'install',
    release,
    chartFolder,
    '--namespace',
    namespace,
    '--dry-run=client', // Helm 3 wants a cluster even for this
  ]);
  return output.slice(output.indexOf('\nNOTES:\n') + '\nNOTES:\n'.length);
}

/** Output of `helm lint --strict`. */
export function lintChart(rendering: Rendering = {}): Promise<string> {
  return runHelm(rendering, ['lint', chartFolder, '--strict']);
}

async function runHelm(rendering: Rendering, command: readonly string[]): Promise<string> {
  const { helm = 'helm', kubeVersion = '1.37.2', valuesFiles = [], set = [] } = rendering;
  const arguments_ = [
    ...command,
    ...(command[0] === 'install' ? [] : ['--kube-version', kubeVersion]),
    ...valuesFiles.flatMap((path) => ['--values', path]),
    ...set.flatMap((assignment) => ['--set', assignment]),
  ];
  const { stdout } = await promisify(execFile)(peerPath(helm), arguments_, {
    // No cluster, no plugins, no settings of the user's.
    env: { PATH: process.env.PATH, HOME: '/nonexistent', KUBECONFIG: '/nonexistent' },
    maxBuffer: 16 * 1024 * 1024,
  });
  return stdout;
}
