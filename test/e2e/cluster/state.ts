/**
 * Where a cluster keeps what it writes, and the addresses it uses. One node at a time per machine: the cgroup `kubepods`
 * is not in any namespace, and a second kubelet would end the pods of the first.
 */
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Address of the node, on a device that leads nowhere; means something only inside the cluster's network namespace. */
export const nodeAddress = '10.250.0.1';
export const podSubnet = '10.244.0.0/24';
export const serviceSubnet = '10.96.0.0/16';
export const apiServerPort = 6443;
export const namespaceName = 'autocert-e2e';

/** Paths that containerd and the kubelet cannot be told to leave alone: they get their own there, in a mount namespace. */
export const fixedFolders = [
  '/run/containerd',
  '/run/netns',
  '/var/lib/cni',
  '/var/lib/kubelet',
  '/var/log/containers',
] as const;

/** Set for the whole machine by the kubelet, and put back by `down`. */
export const machineSettings = ['vm.overcommit_memory', 'kernel.panic', 'kernel.panic_on_oops'] as const;

/** A folder with a short path, since it holds unix sockets. AUTOCERT_E2E_STATE overrides it. */
export const stateFolder = (): string => process.env.AUTOCERT_E2E_STATE || join(tmpdir(), 'autocert-e2e');

export const inState = (...parts: readonly string[]): string => join(stateFolder(), ...parts);
