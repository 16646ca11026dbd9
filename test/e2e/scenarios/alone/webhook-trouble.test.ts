/** The webhook's pods, the API server and the webhook's registration fail, while pods are made. */
import assert from 'node:assert/strict';
import { after, before, describe } from 'node:test';
import { restartApiServer } from '../../cluster/faults.ts';
import { inspectCertificate } from '../../harness/certificates.ts';
import { kubectl, readObject } from '../../harness/kubectl.ts';
import { pod } from '../../harness/pods.ts';
import { changeCaJson, install, main, remove, restartWebhook, scaleCa, untilRolledOut } from '../../harness/release.ts';
import { isReady, type Pod, scenario } from '../../harness/scenario.ts';
import { eventually, isSoak } from '../../harness/wait.ts';

const selector = 'app.kubernetes.io/name=autocert';
const lifeSeconds = isSoak ? 300 : 40;
const configuration = 'autocert-autocert-webhook-config';

describe('with trouble around the webhook', () => {
  before(() => install());
  after(() => remove());

  scenario('100 pods are all injected while webhook pods are killed one by one', async (s) => {
    const count = 100;
    let making = true;
    const killing = (async () => {
      while (making) {
        const { items } = await readObject<{ items: { metadata: { name: string } }[] }>(
          'step',
          'pods',
          `--selector=${selector}`,
        );
        await kubectl(
          'delete',
          'pod',
          items[0]?.metadata.name ?? '',
          '--namespace=step',
          '--grace-period=0',
          '--force',
        );
        await untilRolledOut(main.deployment, main.namespace);
      }
    })();
    const made: string[] = [];
    for (let batch = 0; batch < 10; batch++) {
      const pods = Array.from({ length: count / 10 }, (_, index) =>
        pod(`web-${batch}-${index}`, {
          annotations: { name: `web-${batch}-${index}.${s.namespace}.svc` },
          spec: { schedulerName: 'nobody' }, // admission is what is tested
        }),
      );
      // a user tries again; what may not happen is that a pod is stored without its certificate
      await eventually('the pods to be admitted', 120, async () => {
        await s.apply(...pods);
        return true;
      });
      made.push(...pods.map((one) => (one as { metadata: { name: string } }).metadata.name));
    }
    making = false;
    await killing;
    const stored = await s.pods();
    assert.equal(stored.length, made.length);
    for (const { metadata, spec } of stored) {
      assert.deepEqual(
        spec.initContainers?.map(({ name }) => name),
        ['autocert-bootstrapper', 'autocert-renewer'],
        metadata.name,
      );
    }
  });

  scenario('a restart of the API server changes nothing', async (s) => {
    await restartApiServer();
    await s.apply(pod('web', { annotations: { name: `web.${s.namespace}.svc` } }));
    await s.readyPod('web', 120);
    await inspectCertificate(s, 'web');
  });

  scenario('a caBundle overwritten by hand is put right', async (s) => {
    const read = async (): Promise<string> => {
      const { webhooks } = await readObject<{ webhooks: { clientConfig: { caBundle: string } }[] }>(
        undefined,
        'mutatingwebhookconfiguration',
        configuration,
      );
      return webhooks[0]?.clientConfig.caBundle ?? '';
    };
    const before = await read();
    const wrong = (
      await kubectl('config', 'view', '--raw', '--output=jsonpath={.clusters[0].cluster.certificate-authority}')
    ).trim();
    assert.ok(wrong);
    const { readFileSync } = await import('node:fs');
    const patch = [
      { op: 'replace', path: '/webhooks/0/clientConfig/caBundle', value: readFileSync(wrong).toString('base64') },
    ];
    await kubectl(
      'patch',
      'mutatingwebhookconfiguration',
      configuration,
      '--type=json',
      `--patch=${JSON.stringify(patch)}`,
    );
    await eventually('the right caBundle', 120, async () => (await read()) === before, 1000);
    await s.apply(pod('web', { annotations: { name: `web.${s.namespace}.svc` } }));
    await s.readyPod('web');
  });

  scenario(
    'its certificate ends while the CA is away: pods are refused in words, and served when the CA is back',
    async (s) => {
      await changeCaJson(({ authority }) => {
        const life = `${lifeSeconds}s`;
        authority.backdate = '0s';
        authority.claims = { minTLSCertDuration: '10s', maxTLSCertDuration: '24h', defaultTLSCertDuration: life };
      });
      await restartWebhook();
      await scaleCa(0);
      await eventually('the certificates of the webhook to end', 2 * lifeSeconds + 60, async () => {
        const { items } = await readObject<{ items: Pod[] }>('step', 'pods', `--selector=${selector}`);
        return !items.some(isReady);
      });
      await restartApiServer(); // a connection that it has kept is not verified again
      const web = pod('web', { annotations: { name: `web.${s.namespace}.svc` } });
      assert.match(await s.refusal(web), /not injected/);
      await scaleCa(1);
      await eventually('the webhook to serve again', 120, () => s.apply(web));
      await s.readyPod('web', 120);
      await inspectCertificate(s, 'web');
    },
  );
});
