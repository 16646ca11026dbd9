/** Without Helm: one kubectl apply of the rendered manifest. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, describe } from 'node:test';
import { inspectCertificate } from '../../harness/certificates.ts';
import { kubectl, readObject } from '../../harness/kubectl.ts';
import { pod } from '../../harness/pods.ts';
import { scenario } from '../../harness/scenario.ts';
import { timeoutFlag } from '../../patience.ts';

const manifest = join(import.meta.dirname, '../../../../manifests/autocert.yaml');

describe('kubectl apply of manifests/autocert.yaml', () => {
  after(() => kubectl('delete', '--filename', manifest, '--ignore-not-found', timeoutFlag(180)));

  scenario('installs the product, and once more changes nothing', async (s) => {
    await kubectl('apply', '--server-side', '--filename', manifest);
    await kubectl('rollout', 'status', 'deployment/autocert', '--namespace=step', timeoutFlag(180));
    await s.apply(pod('web', { annotations: { name: `web.${s.namespace}.svc` } }));
    await s.readyPod('web');
    await inspectCertificate(s, 'web');

    const versions = async (): Promise<string> => {
      const kinds = 'deployments,statefulsets,configmaps,secrets,services,roles,rolebindings';
      const { items } = await readObject<{
        items: { kind: string; metadata: { name: string; generation?: number; resourceVersion: string } }[];
      }>('step', kinds);
      return items
        .map(({ kind, metadata }) => `${kind} ${metadata.name} ${metadata.generation ?? metadata.resourceVersion}`)
        .join('\n');
    };
    const before = await versions();
    await kubectl('apply', '--server-side', '--filename', manifest);
    assert.equal(await versions(), before);
  });
});
