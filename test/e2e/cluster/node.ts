/**
 * The node: a network namespace that leads nowhere, and in it containerd, kubelet, kube-proxy and CoreDNS. containerd and
 * the kubelet share a private mount namespace, so that what they mount goes with them.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { peerPath } from '../../../tools/peers/index.ts';
import { kubeconfigPath, pkiPath } from './credentials.ts';
import { daemonPid, insideNetwork, run, startDaemon, untilReady } from './processes.ts';
import { fixedFolders, inState, machineSettings, namespaceName, nodeAddress, podSubnet } from './state.ts';

const containerdSocket = (): string => inState('containerd.sock');

/** containerd's own client, for images and for ending sandboxes by hand. */
export const ctrCommand = (...args: readonly string[]): string[] => [
  'ctr',
  `--address=${containerdSocket()}`,
  '--namespace=k8s.io',
  ...args,
];

export async function createNetwork(): Promise<void> {
  const settings = await Promise.all(
    machineSettings.map(async (name) => `${name}=${(await run(['sysctl', '-n', name])).trim()}`),
  );
  writeFileSync(inState('machine-settings'), settings.join('\n'));
  // the first `ip netns add` of a machine mounts this folder, and the last one shall take the mount away again
  if (!/ \/run\/netns /.test(readFileSync('/proc/self/mounts', 'utf8'))) writeFileSync(inState('made-netns-mount'), '');
  const ip = (...args: string[]): Promise<string> => run(['ip', ...args]);
  await ip('netns', 'add', namespaceName);
  const inside = ['-n', namespaceName];
  await ip(...inside, 'link', 'set', 'lo', 'up');
  await ip(...inside, 'link', 'add', 'node0', 'type', 'veth', 'peer', 'name', 'node1');
  await ip(...inside, 'addr', 'add', `${nodeAddress}/24`, 'dev', 'node0');
  for (const device of ['node0', 'node1']) await ip(...inside, 'link', 'set', device, 'up');
  await ip(...inside, 'route', 'add', 'default', 'dev', 'node0');
  await run([...insideNetwork, 'sysctl', '-qw', 'net.ipv4.ip_forward=1']);
  await run([...insideNetwork, 'sysctl', '-qw', 'net.bridge.bridge-nf-call-iptables=1']).catch(() => {}); // no such module
}

/** Starts the process that holds the mount namespace open; the answer enters both namespaces. */
export async function createMounts(): Promise<readonly string[]> {
  const made = fixedFolders.filter((folder) => !existsSync(folder));
  for (const folder of made) mkdirSync(folder, { recursive: true });
  writeFileSync(inState('made-folders'), made.join('\n'));
  for (const folder of fixedFolders) mkdirSync(inState(`fixed${folder}`), { recursive: true });
  const script = `set -e; state=$1; shift
    for folder; do mount --bind "$state/fixed$folder" "$folder"; done
    touch "$state/mounted"; exec sleep infinity`;
  const pid = startDaemon('keeper', [
    ...['unshare', '--mount', '--propagation=private', 'sh', '-c', script, 'sh', inState()],
    ...fixedFolders,
  ]);
  await untilReady('keeper', 10, async () => existsSync(inState('mounted')));
  return enterNode(pid);
}

/** The same for a node that is up. */
export const createdMounts = (): readonly string[] => enterNode(daemonPid('keeper') ?? 0);

const enterNode = (keeper: number): readonly string[] => [...insideNetwork, `--mount=/proc/${keeper}/ns/mnt`];

export async function startContainerd(inside: readonly string[]): Promise<void> {
  const unused = [
    'snapshotter.v1.btrfs',
    'snapshotter.v1.zfs',
    'snapshotter.v1.devmapper',
    'snapshotter.v1.aufs',
    'internal.v1.opt',
  ];
  writeState(
    'etc/containerd.toml',
    `version = 2
root = "${inState('containerd')}"
state = "${inState('containerd-run')}"
disabled_plugins = [${unused.map((name) => `"io.containerd.${name}"`).join(', ')}]
[grpc]
address = "${containerdSocket()}"
[plugins."io.containerd.grpc.v1.cri"]
sandbox_image = "localhost/pause:1"
restrict_oom_score_adj = true
[plugins."io.containerd.grpc.v1.cri".cni]
bin_dir = "/usr/lib/cni"
conf_dir = "${inState('etc/cni')}"
[plugins."io.containerd.grpc.v1.cri".containerd]
snapshotter = "overlayfs"
`,
  );
  const bridge = {
    ...{ type: 'bridge', bridge: 'cni0', isGateway: true, ipMasq: true, hairpinMode: true },
    ipam: {
      type: 'host-local',
      ranges: [[{ subnet: podSubnet }]],
      routes: [{ dst: '0.0.0.0/0' }],
      dataDir: inState('cni-addresses'),
    },
  };
  const plugins = [bridge, { type: 'portmap', capabilities: { portMappings: true } }];
  writeState('etc/cni/10-e2e.conflist', JSON.stringify({ cniVersion: '0.4.0', name: 'e2e', plugins }));
  startDaemon('containerd', [...inside, 'containerd', '--config', inState('etc/containerd.toml')]);
  await untilReady('containerd', 60, async () => {
    await run(ctrCommand('version'));
    return true;
  });
}

export function startKubelet(inside: readonly string[]): void {
  writeState('etc/resolv.conf', '');
  const configuration = {
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    kind: 'KubeletConfiguration',
    failCgroupV1: false,
    cgroupDriver: 'cgroupfs',
    failSwapOn: false,
    oomScoreAdj: 0,
    containerRuntimeEndpoint: `unix://${containerdSocket()}`,
    authentication: {
      anonymous: { enabled: false },
      webhook: { enabled: true },
      x509: { clientCAFile: pkiPath('ca.crt') },
    },
    authorization: { mode: 'Webhook' },
    tlsCertFile: pkiPath('kubelet.crt'),
    tlsPrivateKeyFile: pkiPath('kubelet.key'),
    healthzBindAddress: '127.0.0.1',
    podLogsDir: inState('pod-logs'),
    volumePluginDir: inState('volume-plugins'),
    clusterDomain: 'cluster.local',
    clusterDNS: [nodeAddress],
    resolvConf: inState('etc/resolv.conf'),
    maxPods: 250,
    serializeImagePulls: false,
    // a full disk of the machine is not what is tested
    evictionHard: { 'memory.available': '50Mi', 'nodefs.available': '1%', 'imagefs.available': '1%' },
    imageGCHighThresholdPercent: 100,
    imageGCLowThresholdPercent: 99,
    syncFrequency: '10s',
  };
  writeState('etc/kubelet.json', JSON.stringify(configuration));
  startDaemon('kubelet', [
    ...inside,
    peerPath('kubelet'),
    `--config=${inState('etc/kubelet.json')}`,
    `--kubeconfig=${kubeconfigPath('kubelet')}`,
    '--hostname-override=node',
    `--node-ip=${nodeAddress}`,
    `--root-dir=${inState('kubelet')}`,
    `--cert-dir=${inState('run')}`,
  ]);
}

export function startKubeProxy(): void {
  const configuration = {
    apiVersion: 'kubeproxy.config.k8s.io/v1alpha1',
    kind: 'KubeProxyConfiguration',
    clientConnection: { kubeconfig: kubeconfigPath('kube-proxy') },
    hostnameOverride: 'node',
    mode: 'iptables',
    clusterCIDR: podSubnet,
    conntrack: { maxPerCore: 0, min: 0, tcpEstablishedTimeout: '0s', tcpCloseWaitTimeout: '0s' },
  };
  writeState('etc/kube-proxy.json', JSON.stringify(configuration));
  startDaemon('kube-proxy', [...insideNetwork, peerPath('kube-proxy'), `--config=${inState('etc/kube-proxy.json')}`]);
}

/** Cluster DNS as a process on the node's address: pods get that address as their name server. */
export function startCoreDns(): void {
  writeState(
    'etc/Corefile',
    `.:53 {
  bind ${nodeAddress}
  errors
  ready ${nodeAddress}:8181
  kubernetes cluster.local in-addr.arpa {
    kubeconfig ${kubeconfigPath('coredns')}
    pods insecure
  }
  cache 5
}
`,
  );
  startDaemon('coredns', [...insideNetwork, peerPath('coredns'), '-conf', inState('etc/Corefile')]);
}

export const untilCoreDnsReady = (): Promise<void> =>
  untilReady('coredns', 60, async () => {
    await run([...insideNetwork, 'curl', '-fsS', '--max-time', '2', `http://${nodeAddress}:8181/ready`]);
    return true;
  });

function writeState(file: string, text: string): void {
  mkdirSync(dirname(inState(file)), { recursive: true });
  writeFileSync(inState(file), text);
}
