/** A command's connection to the cluster that its options name. */
import { openSession } from '../../lib/kubernetes/index.ts';
import type { OptionValues } from '../command.ts';
import { userAgent } from '../version.ts';
import { Cluster } from './cluster.ts';

/**
 * Runs with a connection that is closed afterwards.
 *
 * @throws {AppError} ERR_KUBERNETES_CONFIG (invalid), and what the work throws
 */
export async function withCluster<T>(options: OptionValues, work: (cluster: Cluster) => Promise<T>): Promise<T> {
  const kubeconfigPath = options.text('kubeconfig');
  const context = options.text('context');
  const cluster = new Cluster(await openSession({ kubeconfigPath, context, userAgent }));
  try {
    return await work(cluster);
  } finally {
    cluster.close();
  }
}
