/** Faults of a cluster that tests ask for: parts of it are killed, and those that a machine starts again come back. */
import { setTimeout as sleep } from 'node:timers/promises';
import { startApiServer, untilApiServerReady } from './control-plane.ts';
import { killPodProcesses } from './down.ts';
import { createdMounts, ctrCommand, startContainerd, startKubelet } from './node.ts';
import { insideNetwork, killDaemon, run, untilGone } from './processes.ts';
import { apiServerPort } from './state.ts';

/** The API server ends without a word and is started again. */
export async function restartApiServer(): Promise<void> {
  killDaemon('kube-apiserver');
  await untilGone('kube-apiserver');
  while (await isListening()) await sleep(20); // threads of a dead process may end after it
  startApiServer();
  await untilApiServerReady();
}

const isListening = async (): Promise<boolean> =>
  (await run([...insideNetwork, 'ss', '-Hltn', `sport = :${apiServerPort}`])) !== '';

/** Kills the process that holds the namespaces of a pod, as a node short of memory might. */
export async function killSandbox(podUid: string): Promise<void> {
  const listing = await run(
    ctrCommand(
      'containers',
      'list',
      `labels."io.kubernetes.pod.uid"==${podUid},labels."io.cri-containerd.kind"==sandbox`,
      '--quiet',
    ),
  );
  const [id] = listing.split('\n').filter(Boolean);
  if (!id) throw new Error(`pod ${podUid} has no sandbox`);
  await run(ctrCommand('tasks', 'kill', '--signal=SIGKILL', id));
}

/** Everything on the node ends at once: kubelet, containerd, containers. Then containerd and the kubelet start, as at boot. */
export async function rebootNode(): Promise<void> {
  for (const name of ['kubelet', 'containerd']) {
    killDaemon(name);
    await untilGone(name);
  }
  await killPodProcesses();
  const inside = createdMounts();
  await startContainerd(inside);
  startKubelet(inside);
}
