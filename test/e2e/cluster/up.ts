/** Starts the cluster: about ten seconds on an idle machine, once its programs are built (`make peers`). */
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { kubectlCommand, startApiServer, startControllers, startEtcd, untilApiServerReady } from './control-plane.ts';
import { writeCredentials } from './credentials.ts';
import { down } from './down.ts';
import { importImages, pauseImage } from './images.ts';
import {
  createMounts,
  createNetwork,
  startContainerd,
  startCoreDns,
  startKubelet,
  startKubeProxy,
  untilCoreDnsReady,
} from './node.ts';
import { isUp, run, untilReady } from './processes.ts';
import { inState, stateFolder } from './state.ts';
import { createVolumes } from './storage.ts';

const tools: Readonly<Record<string, string>> = {
  containerd: 'containerd',
  runc: 'runc',
  iptables: 'iptables',
  conntrack: 'conntrack',
  nsenter: 'util-linux',
  ip: 'iproute2',
  curl: 'curl',
};

/** @param say hears what has been done */
export async function up(say: (what: string) => void): Promise<void> {
  if (existsSync(inState('ready')) && !isUp()) {
    say('a cluster has ended without being taken down: removing what it left');
    await down();
  }
  await requireMachine();
  mkdirSync(stateFolder(), { recursive: true, mode: 0o700 });
  writeFileSync(inState('started'), '');
  await writeCredentials();
  await createNetwork();
  const inside = await createMounts();
  await startEtcd();
  startApiServer();
  await startContainerd(inside);
  await importImages([await pauseImage()]);
  await untilApiServerReady();
  say('API server');
  startControllers();
  await createVolumes();
  startKubelet(inside);
  startKubeProxy();
  startCoreDns();
  await untilReady('kubelet', 120, async () => {
    await run(kubectlCommand('wait', '--for=condition=Ready', 'node/node', '--timeout=1s'));
    return true;
  });
  await untilCoreDnsReady();
  await untilReady('kube-controller-manager', 60, async () => {
    await run(kubectlCommand('-n', 'default', 'get', 'serviceaccount', 'default'));
    return true;
  });
  say('node and cluster DNS');
  rmSync(inState('started'));
  writeFileSync(inState('ready'), '');
}

async function requireMachine(): Promise<void> {
  if (process.getuid?.() !== 0) throw new Error('a node needs root: run it as root');
  if (existsSync(stateFolder())) throw new Error(`${stateFolder()} is there already: run make e2e-down first`);
  if (stateFolder().length > 60) throw new Error('AUTOCERT_E2E_STATE is too long a path for unix sockets');
  const groups = ['/sys/fs/cgroup/kubepods', '/sys/fs/cgroup/cpu/kubepods'];
  const foreign = groups.find((folder) => existsSync(folder));
  if (foreign) throw new Error(`${foreign} is there: another kubelet runs on this machine, and would lose its pods`);
  const missing: string[] = [];
  for (const [tool, name] of Object.entries(tools)) {
    await run(['sh', '-c', `command -v ${tool}`]).catch(() => missing.push(name));
  }
  if (!existsSync('/usr/lib/cni/bridge')) missing.push('containernetworking-plugins');
  if (missing.length > 0) throw new Error(`missing on this machine: apt-get install ${missing.join(' ')}`);
}
