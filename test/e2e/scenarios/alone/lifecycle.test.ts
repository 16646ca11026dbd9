/** A release changes and goes away while people work. */
import assert from 'node:assert/strict';
import { after, describe } from 'node:test';
import { inspectCertificate } from '../../harness/certificates.ts';
import { kubectl, readObject } from '../../harness/kubectl.ts';
import { pod } from '../../harness/pods.ts';
import { helm, install, remove, restartWebhook } from '../../harness/release.ts';
import { scenario } from '../../harness/scenario.ts';
import { eventually } from '../../harness/wait.ts';
import { timeoutFlag } from '../../patience.ts';

describe('a release', () => {
  after(() => remove());

  scenario('is upgraded while pods are made all the time, and every one is injected', async (s) => {
    await install();
    let upgrading = true;
    const made: string[] = [];
    const making = (async () => {
      while (upgrading) {
        const name = `web-${made.length}`;
        const annotations = { name: `${name}.${s.namespace}.svc` };
        await s.apply(pod(name, { annotations, spec: { schedulerName: 'nobody' } }));
        made.push(name);
      }
    })();
    try {
      await install({ set: { replicaCount: '3', 'autocert.certLifetime': '2h' } });
      await restartWebhook();
    } finally {
      upgrading = false;
    }
    await making;
    assert.ok(made.length > 10, `${made.length} pods`);
    for (const { metadata, spec } of await s.pods()) {
      assert.equal(spec.initContainers?.[0]?.name, 'autocert-bootstrapper', metadata.name);
    }
    await s.apply(pod('new', { annotations: { name: `new.${s.namespace}.svc` } }));
    await s.readyPod('new');
    const { lifeSeconds } = await inspectCertificate(s, 'new');
    assert.ok(lifeSeconds >= 7200 && lifeSeconds <= 7260, `the new lifetime: ${lifeSeconds}`);
  });

  scenario('that is uninstalled leaves what its notes name, and running pods go on', async (s) => {
    const notes = await install();
    await s.apply(pod('web', { annotations: { name: `web.${s.namespace}.svc` } }));
    await s.readyPod('web');
    await helm('uninstall', 'autocert', '--namespace=step', '--wait', timeoutFlag(120));
    await inspectCertificate(s, 'web');
    const { status } = await s.pod('web');
    assert.ok(status.containerStatuses?.every(({ ready }) => ready));

    // pods of a namespace that is switched on are made again, without certificates, and nothing stands in their way
    // once the API server has heard that the policy is gone, which it asks for once a second
    await eventually('a pod to be let in', 20, () =>
      s.apply(pod('plain', { annotations: { name: `plain.${s.namespace}.svc` } })),
    );
    await s.readyPod('plain');

    const left = await eventually('objects of the release to go', 60, async () => {
      const listing = await kubectl('get', 'all,secrets,configmaps,pvc', '--namespace=step', '--output=name');
      const names = listing
        .split('\n')
        .filter((name) => name && !name.endsWith('kube-root-ca.crt'))
        .sort();
      return names.every((name) => /^(secret|configmap|persistentvolumeclaim)\//.test(name)) && names;
    });
    const pki = ['ca-password', 'provisioner-password', 'secrets', 'webhook-password'];
    assert.deepEqual(left, [
      ...['certs', 'config'].map((part) => `configmap/autocert-step-certificates-${part}`),
      'persistentvolumeclaim/database-autocert-step-certificates-0',
      ...pki.map((part) => `secret/autocert-step-certificates-${part}`),
    ]);
    assert.match(notes, /delete pvc database-autocert-step-certificates-0/);
    assert.match(notes, /delete secret,configmap -l/);
    for (const kind of [
      'mutatingwebhookconfigurations',
      'validatingadmissionpolicies',
      'clusterroles',
      'clusterrolebindings',
    ]) {
      const { items } = await readObject<{ items: { metadata: { name: string } }[] }>(undefined, kind);
      assert.deepEqual(
        items.filter(({ metadata }) => metadata.name.startsWith('autocert')),
        [],
        kind,
      );
    }
  });

  scenario('that is installed again goes on with its PKI', async (s) => {
    const fingerprint = async (): Promise<string> => {
      const { data } = await readObject<{ data: Record<string, string> }>(
        'step',
        'configmap',
        'autocert-step-certificates-certs',
      );
      return data['root_ca.crt'] ?? '';
    };
    const before = await fingerprint();
    assert.notEqual(before, '');
    await install();
    assert.equal(await fingerprint(), before);
    await s.apply(pod('web', { annotations: { name: `web.${s.namespace}.svc` } }));
    await s.readyPod('web');
  });
});
