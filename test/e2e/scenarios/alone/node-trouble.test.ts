/** The node restarts, or a sandbox of a pod is killed on it: pods come back with a valid pair. */
import assert from 'node:assert/strict';
import { after, before, describe } from 'node:test';
import { killSandbox, rebootNode } from '../../cluster/faults.ts';
import { inspectCertificate } from '../../harness/certificates.ts';
import { pod, workload } from '../../harness/pods.ts';
import { install, remove } from '../../harness/release.ts';
import { type Pod, type Scenario, scenario } from '../../harness/scenario.ts';
import { eventually } from '../../harness/wait.ts';

const rerun = ({ status }: Pod): number =>
  status.initContainerStatuses?.find(({ name }) => name === 'autocert-bootstrapper')?.restartCount ?? 0;

const ready = (s: Scenario, name: string): Promise<Pod> =>
  eventually(`${name} to come back`, 180, async () => {
    const one = await s.pod(name);
    const all = [...(one.status.containerStatuses ?? [])];
    return rerun(one) > 0 && all.every((container) => container.ready) && one;
  });

describe('on a node with trouble', () => {
  before(() => install());
  after(() => remove());

  scenario('a pod whose sandbox was killed runs its init container again', async (s) => {
    await s.apply(pod('web', { annotations: { name: `web.${s.namespace}.svc` } }));
    const { metadata } = await s.readyPod('web');
    await inspectCertificate(s, 'web');
    await killSandbox(metadata.uid);
    await ready(s, 'web');
    await inspectCertificate(s, 'web');
  });

  scenario('all pods come back after a reboot, CA and webhook among them', async (s) => {
    await s.apply(workload('Deployment', 'web', { annotations: { name: `web.${s.namespace}.svc` } }));
    const [before] = await s.readyPods('app=web');
    await rebootNode();
    await s.readyPods('app=web', 1, 240);
    const name = before?.metadata.name ?? '';
    await ready(s, name);
    await inspectCertificate(s, name);
    await eventually('the webhook to be back', 120, () =>
      s.apply(pod('new', { annotations: { name: `new.${s.namespace}.svc` } })),
    );
    await s.readyPod('new', 120);
    assert.equal((await inspectCertificate(s, 'new')).subject, `CN=new.${s.namespace}.svc`);
  });
});
