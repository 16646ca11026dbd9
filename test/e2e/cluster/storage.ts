/** Volumes for claims: folders of the node, made beforehand, in the default storage class. */
import { chmodSync, mkdirSync } from 'node:fs';
import { kubectlCommand } from './control-plane.ts';
import { run } from './processes.ts';
import { inState } from './state.ts';

const volumeCount = 30;

export async function createVolumes(): Promise<void> {
  const storageClass = {
    apiVersion: 'storage.k8s.io/v1',
    kind: 'StorageClass',
    metadata: { name: 'standard', annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' } },
    provisioner: 'kubernetes.io/no-provisioner',
    volumeBindingMode: 'WaitForFirstConsumer',
  };
  const volumes = Array.from({ length: volumeCount }, (_, index) => {
    const path = inState('volumes', String(index));
    mkdirSync(path, { recursive: true });
    chmodSync(path, 0o777);
    return {
      apiVersion: 'v1',
      kind: 'PersistentVolume',
      metadata: { name: `volume-${index}` },
      spec: {
        capacity: { storage: '50Gi' },
        accessModes: ['ReadWriteOnce'],
        storageClassName: 'standard',
        persistentVolumeReclaimPolicy: 'Retain',
        local: { path },
        nodeAffinity: {
          required: {
            nodeSelectorTerms: [
              { matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'In', values: ['node'] }] },
            ],
          },
        },
      },
    };
  });
  const list = { apiVersion: 'v1', kind: 'List', items: [storageClass, ...volumes] };
  await run(kubectlCommand('apply', '--filename=-'), JSON.stringify(list));
}
