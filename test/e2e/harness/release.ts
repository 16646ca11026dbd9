/** The chart as a release in the test cluster, by the real Helm. */

import { chartFolder } from '../../../tools/manifests/helm.ts';
import { peerPath } from '../../../tools/peers/index.ts';
import { kubeconfigPath } from '../cluster/credentials.ts';
import { insideNetwork, run } from '../cluster/processes.ts';
import { inState } from '../cluster/state.ts';
import { kubectl } from './kubectl.ts';

export type ReleaseOptions = {
  readonly release?: string;
  readonly namespace?: string;
  readonly set?: Readonly<Record<string, string>>;
  readonly valuesFiles?: readonly string[];
};

const timeout = '180s';

/** Installs, or upgrades with exactly these values, and waits until everything is ready. @returns what Helm printed */
export function install({
  release = 'autocert',
  namespace = 'step',
  set = {},
  valuesFiles = [],
}: ReleaseOptions = {}): Promise<string> {
  return helm(
    ...[
      'upgrade',
      '--install',
      release,
      chartFolder,
      `--namespace=${namespace}`,
      '--create-namespace',
      '--reset-values',
    ],
    ...['--wait', `--timeout=${timeout}`],
    ...valuesFiles.map((file) => `--values=${file}`),
    ...Object.entries(set).map(([name, value]) => `--set=${name}=${value}`),
  );
}

/** Uninstalls, then deletes the namespace with all that the notes say is left. */
export async function remove({ release = 'autocert', namespace = 'step' }: ReleaseOptions = {}): Promise<void> {
  await helm('uninstall', release, `--namespace=${namespace}`, '--wait', `--timeout=${timeout}`, '--ignore-not-found');
  await kubectl('delete', 'namespace', namespace, '--ignore-not-found', `--timeout=${timeout}`);
}

export function helm(...args: readonly string[]): Promise<string> {
  const home = inState('helm');
  const environment = [`KUBECONFIG=${kubeconfigPath('admin')}`, `HOME=${home}`, `PATH=${process.env.PATH}`];
  return run([...insideNetwork, 'env', '-i', ...environment, peerPath('helm'), ...args]);
}
