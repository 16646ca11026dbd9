/** `autocert pods`: the pods that ask, what each holds, a table. */
import { systemClock } from '../../../lib/time/index.ts';
import type { Invocation } from '../../command.ts';
import { usage } from '../../errors.ts';
import { type AskingPod, readAskingPods, usualNames } from '../asking-pods.ts';
import { type Cluster, foundIn } from '../cluster.ts';
import { withCluster } from '../connect.ts';
import { notReadable } from '../errors.ts';
import { findInstallation } from '../installation.ts';
import { readHeld } from './held-certificate.ts';
import { renderRows, toData } from './render.ts';
import { buildRow, type Names, type Row, runningRenewer } from './row.ts';

/** Pods that are asked at a time: each question is a connection of the API server to a kubelet. */
const parallel = 8;

/** @returns 1 when a certificate has expired or should have been renewed, else 0 */
export async function runPods({ options, terminal }: Invocation): Promise<number> {
  if (options.isOn('all-namespaces') && options.isSet('namespace')) {
    throw usage('--all-namespaces and --namespace: one of them', 'leave one out');
  }
  return withCluster(options, async (cluster) => {
    const all = options.isOn('all-namespaces');
    const namespace = all ? undefined : (options.text('namespace') ?? cluster.namespace);
    const rows = await readRows(cluster, namespace, !options.isOn('no-exec'));
    if (options.text('output') === 'json') {
      terminal.write(`${JSON.stringify({ items: rows.map(toData) }, null, 2)}\n`);
    } else if (rows.length === 0) {
      terminal.note(`no pod ${namespace === undefined ? '' : `of namespace ${namespace} `}asks for a certificate`);
    } else terminal.write(renderRows(rows, terminal.outStyles, systemClock.now()));
    return rows.some(({ state }) => state === 'expired' || state === 'overdue') ? 1 : 0;
  });
}

/** @throws {AppError} ERR_CLUSTER_NOT_READABLE (forbidden) */
async function readRows(cluster: Cluster, namespace: string | undefined, mayExec: boolean): Promise<readonly Row[]> {
  const config = foundIn((await findInstallation(cluster)).config);
  const pods = await readAskingPods(cluster, namespace, config);
  if (pods.kind !== 'found') {
    const why = pods.kind === 'missing' ? 'there is no such namespace' : pods.why;
    throw notReadable('pods', why, 'name a namespace whose pods you may list with --namespace');
  }
  const names: Names = config ? { bootstrapper: config.bootstrapper.name, renewer: config.renewer.name } : usualNames;
  const waiting = [...pods.value.entries()];
  const rows: Row[] = [];
  const work = async (): Promise<void> => {
    for (let next = waiting.shift(); next; next = waiting.shift()) {
      const [index, asking] = next;
      rows[index] = await readRow(cluster, asking, names, mayExec);
    }
  };
  await Promise.all(Array.from({ length: parallel }, work));
  return rows;
}

async function readRow(cluster: Cluster, asking: AskingPod, names: Names, mayExec: boolean): Promise<Row> {
  const renewer = asking.injected ? runningRenewer(asking, names) : undefined;
  const held = renewer && (await readHeld(cluster, asking.pod, renewer, mayExec));
  return buildRow(asking, held, names, systemClock.now());
}
