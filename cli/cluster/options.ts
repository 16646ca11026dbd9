/** The options with which a command finds a cluster, named as kubectl names them. Data only. */
import type { OptionDefinition } from '../command.ts';

export const clusterOptions: readonly OptionDefinition[] = [
  { name: 'kubeconfig', value: 'file', description: 'Kubeconfig file. Without it $KUBECONFIG, then ~/.kube/config.' },
  { name: 'context', value: 'name', description: 'Context of the kubeconfig; the current one unless said.' },
];
