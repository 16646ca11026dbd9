/** etcd, API server, controller-manager and scheduler, as processes in the cluster's network namespace. */
import { peerPath } from '../../../tools/peers/index.ts';
import { kubeconfigPath, pkiPath } from './credentials.ts';
import { insideNetwork, run, startDaemon, untilReady } from './processes.ts';
import { apiServerPort, inState, nodeAddress, serviceSubnet } from './state.ts';

const etcdUrl = 'http://127.0.0.1:2379';
const etcdPeerUrl = 'http://127.0.0.1:2380';

/** kubectl as the administrator, in the cluster's network. */
export const kubectlCommand = (...args: readonly string[]): string[] => [
  ...insideNetwork,
  peerPath('kubectl'),
  `--kubeconfig=${kubeconfigPath('admin')}`,
  `--cache-dir=${inState('kubectl-cache')}`,
  ...args,
];

export async function startEtcd(): Promise<void> {
  startDaemon('etcd', [
    ...insideNetwork,
    peerPath('etcd'),
    '--name=e2e',
    `--data-dir=${inState('etcd')}`,
    '--unsafe-no-fsync', // the data lives as long as the test
    '--log-level=warn',
    `--listen-client-urls=${etcdUrl}`,
    `--advertise-client-urls=${etcdUrl}`,
    `--listen-peer-urls=${etcdPeerUrl}`,
    `--initial-advertise-peer-urls=${etcdPeerUrl}`,
    `--initial-cluster=e2e=${etcdPeerUrl}`,
  ]);
}

export function startApiServer(): void {
  startDaemon('kube-apiserver', [
    ...insideNetwork,
    peerPath('kube-apiserver'),
    '--bind-address=0.0.0.0',
    `--advertise-address=${nodeAddress}`,
    `--secure-port=${apiServerPort}`,
    '--allow-privileged=true',
    `--etcd-servers=${etcdUrl}`,
    `--tls-cert-file=${pkiPath('apiserver.crt')}`,
    `--tls-private-key-file=${pkiPath('apiserver.key')}`,
    `--cert-dir=${inState('run')}`,
    `--token-auth-file=${pkiPath('tokens.csv')}`,
    `--kubelet-client-certificate=${pkiPath('kubelet-client.crt')}`,
    `--kubelet-client-key=${pkiPath('kubelet-client.key')}`,
    '--kubelet-preferred-address-types=InternalIP',
    '--enable-admission-plugins=NodeRestriction',
    `--requestheader-client-ca-file=${pkiPath('front-proxy-ca.crt')}`, // controllers complain without one
    `--service-cluster-ip-range=${serviceSubnet}`,
    `--service-account-key-file=${pkiPath('service-accounts.pub')}`,
    `--service-account-signing-key-file=${pkiPath('service-accounts.key')}`,
    '--service-account-issuer=https://kubernetes.default.svc.cluster.local',
    '--authorization-mode=Node,RBAC',
    '--shutdown-delay-duration=0s',
  ]);
}

export const untilApiServerReady = (): Promise<void> =>
  untilReady('kube-apiserver', 120, async () => {
    await run(kubectlCommand('get', '--raw', '/readyz'));
    return true;
  });

export function startControllers(): void {
  const shared = (name: string): string[] => [
    ...insideNetwork,
    peerPath(name),
    ...['kubeconfig', 'authentication-kubeconfig', 'authorization-kubeconfig'].map(
      (flag) => `--${flag}=${kubeconfigPath(name)}`,
    ),
    '--leader-elect=false',
    '--bind-address=127.0.0.1',
    `--cert-dir=${inState('run')}`,
  ];
  startDaemon('kube-scheduler', shared('kube-scheduler'));
  startDaemon('kube-controller-manager', [
    ...shared('kube-controller-manager'),
    `--root-ca-file=${pkiPath('ca.crt')}`,
    `--service-account-private-key-file=${pkiPath('service-accounts.key')}`,
    '--use-service-account-credentials=true',
    `--flex-volume-plugin-dir=${inState('volume-plugins')}`,
    // with one account per controller, the default of 20 requests a second delays its own start by seconds
    '--kube-api-qps=200',
    '--kube-api-burst=400',
  ]);
}
