/** Every annotation does in a real pod what its reference page says. */
import assert from 'node:assert/strict';
import { describe } from 'node:test';
import { inspectCertificate } from '../../harness/certificates.ts';
import { folder, pod } from '../../harness/pods.ts';
import { type Scenario, scenario } from '../../harness/scenario.ts';

const nameOf = ({ namespace }: Scenario): string => `web.${namespace}.svc.cluster.local`;

describe('an annotation', { concurrency: 4 }, () => {
  scenario('sans: names of every kind', async (s) => {
    const sans = [nameOf(s), '10.1.2.3', 'ops@example.com', 'spiffe://example.com/web'];
    await s.apply(pod('web', { annotations: { name: nameOf(s), sans: sans.join(',') } }));
    await s.readyPod('web');
    const seen = await inspectCertificate(s, 'web');
    assert.equal(
      seen.sans,
      `DNS:${nameOf(s)}, email:ops@example.com, IP Address:10.1.2.3, URI:spiffe://example.com/web`,
    );
  });

  scenario('duration: the life of the certificate', async (s) => {
    await s.apply(pod('web', { annotations: { name: nameOf(s), duration: '2h' } }));
    await s.readyPod('web');
    const { lifeSeconds } = await inspectCertificate(s, 'web');
    assert.ok(lifeSeconds >= 7200 && lifeSeconds <= 7260, String(lifeSeconds));
  });

  scenario('owner and mode: of all three files', async (s) => {
    await s.apply(pod('web', { annotations: { name: nameOf(s), owner: '1000:3000', mode: '0440' } }));
    await s.readyPod('web');
    const seen = await s.exec('web', 'app', `cd ${folder} && stat -L -c '%n %a %u %g' root.crt site.crt site.key`);
    assert.equal(seen, 'root.crt 440 1000 3000\nsite.crt 440 1000 3000\nsite.key 440 1000 3000\n');
  });

  scenario('write-mode in-place: plain files', async (s) => {
    await s.apply(pod('web', { annotations: { name: nameOf(s), 'write-mode': 'in-place' } }));
    await s.readyPod('web');
    assert.equal(await s.exec('web', 'app', `find ${folder}/ -name 'site.*' -type f | wc -l`), '2\n');
    await inspectCertificate(s, 'web');
  });

  scenario('write-mode atomic: one link that changes', async (s) => {
    await s.apply(pod('web', { annotations: { name: nameOf(s), 'write-mode': 'atomic' } }));
    await s.readyPod('web');
    assert.equal(await s.exec('web', 'app', `find ${folder}/ -maxdepth 1 -name 'site.*' -type l | wc -l`), '2\n');
  });

  scenario('bootstrapper-only: no renewer', async (s) => {
    await s.apply(pod('web', { annotations: { name: nameOf(s), 'bootstrapper-only': 'true' } }));
    const { spec } = await s.readyPod('web');
    assert.deepEqual(
      [spec.initContainers?.map(({ name }) => name), spec.containers.map(({ name }) => name)],
      [['autocert-bootstrapper'], ['app']],
    );
  });

  scenario('native-sidecar false: a renewer beside the application', async (s) => {
    await s.apply(pod('web', { annotations: { name: nameOf(s), 'native-sidecar': 'false' } }));
    const { spec } = await s.readyPod('web');
    assert.deepEqual(
      spec.containers.map(({ name }) => name),
      ['app', 'autocert-renewer'],
    );
  });

  scenario('init-first: before or after the init containers of the pod', async (s) => {
    const own = { name: 'own', image: 'toolbox:1', imagePullPolicy: 'Never', command: ['true'] };
    for (const value of ['true', 'false']) {
      const annotations = { name: nameOf(s), 'init-first': value, 'native-sidecar': 'false' };
      await s.apply(pod(`first-${value}`, { annotations, spec: { initContainers: [own] } }));
      const { spec } = await s.readyPod(`first-${value}`);
      const order = spec.initContainers?.map(({ name }) => name);
      assert.deepEqual(order, value === 'true' ? ['autocert-bootstrapper', 'own'] : ['own', 'autocert-bootstrapper']);
    }
  });

  scenario('status: says injected, and changes nothing when a user writes it', async (s) => {
    await s.apply(pod('web', { annotations: { name: nameOf(s), status: 'injected' } }));
    const { metadata } = await s.readyPod('web');
    assert.equal(metadata.annotations?.['autocert.step.sm/status'], 'injected');
    await inspectCertificate(s, 'web');
  });
});
