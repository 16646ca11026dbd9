/** The CA is away when it is needed: pods start late but start, and heal by themselves; nothing crash-loops. */
import assert from 'node:assert/strict';
import { after, before, describe } from 'node:test';
import { chartFolder } from '../../../../tools/manifests/helm.ts';
import { inspectCertificate } from '../../harness/certificates.ts';
import { kubectl } from '../../harness/kubectl.ts';
import { pod } from '../../harness/pods.ts';
import { changeCaJson, helm, install, remove, restartCa, scaleCa } from '../../harness/release.ts';
import { type Scenario, scenario } from '../../harness/scenario.ts';
import { eventually, isSoak } from '../../harness/wait.ts';
import { timeoutFlag } from '../../patience.ts';

const lifeSeconds = isSoak ? 300 : 60;
const nameOf = ({ namespace }: Scenario): string => `web.${namespace}.svc.cluster.local`;

async function restarts(s: Scenario): Promise<number> {
  const counts = (await s.pods()).flatMap(({ status }) =>
    [...(status.containerStatuses ?? []), ...(status.initContainerStatuses ?? [])].map((one) => one.restartCount),
  );
  return counts.reduce((sum, count) => sum + count, 0);
}

describe('without its CA', () => {
  before(async () => {
    await kubectl('create', 'namespace', 'step');
    await helm('install', 'autocert', chartFolder, '--namespace=step');
    await scaleCa(0);
  });
  after(() => remove());

  scenario('the webhook is installed, waits, says why, and begins when the CA comes', async () => {
    const webhooks = (): Promise<string> =>
      kubectl('get', 'pods', '--namespace=step', '--selector=app.kubernetes.io/name=autocert', '--output=json');
    await eventually('two webhook pods', 60, async () => JSON.parse(await webhooks()).items.length === 2);
    await install();
    const { items } = JSON.parse(await webhooks()) as {
      items: { status: { containerStatuses: { restartCount: number }[] } }[];
    };
    assert.deepEqual(
      items.flatMap(({ status }) => status.containerStatuses.map(({ restartCount }) => restartCount)),
      [0, 0],
    );
    await changeCaJson(({ authority }) => {
      authority.claims = { minTLSCertDuration: '10s', maxTLSCertDuration: '24h', defaultTLSCertDuration: '24h' };
    });
  });

  scenario('a pod waits in its init container and starts when the CA is back', async (s) => {
    await scaleCa(0);
    await s.apply(pod('web', { annotations: { name: nameOf(s) } }));
    await eventually('the init container to wait', 60, async () => {
      const log = await s.logs('web', 'autocert-bootstrapper');
      return /ERR_CA_UNREACHABLE|ERR_BOOTSTRAP|unreachable|waiting/i.test(log);
    });
    await scaleCa(1);
    await s.readyPod('web', 120);
    await inspectCertificate(s, 'web');
    assert.equal(await restarts(s), 0);
  });

  scenario('a CA that restarts between admission and start is not noticed', async (s) => {
    const slow = { name: 'slow', image: 'toolbox:1', imagePullPolicy: 'Never', command: ['sleep', '15'] };
    const annotations = { name: nameOf(s), 'init-first': 'false' };
    await s.apply(pod('web', { annotations, spec: { initContainers: [slow] } }));
    await restartCa();
    await s.readyPod('web', 120);
    assert.equal(await restarts(s), 0);
  });

  scenario('certificates are renewed late when the CA was away for half of their life', async (s) => {
    await s.apply(pod('web', { annotations: { name: nameOf(s), duration: `${lifeSeconds}s` } }));
    await s.readyPod('web');
    const { serial } = await inspectCertificate(s, 'web');
    await scaleCa(0);
    await sleepSeconds(lifeSeconds * 0.75);
    await scaleCa(1);
    await renewed(s, serial);
  });

  scenario('a certificate that expired while the CA was away is replaced', async (s) => {
    await s.apply(pod('web', { annotations: { name: nameOf(s), duration: `${lifeSeconds}s` } }));
    await s.readyPod('web');
    const { serial } = await inspectCertificate(s, 'web');
    await scaleCa(0);
    await sleepSeconds(lifeSeconds + 10);
    await assert.rejects(inspectCertificate(s, 'web'), /expired/);
    await scaleCa(1);
    await renewed(s, serial);
  });

  scenario(
    'a webhook whose own certificate ended serves again with its CA; meanwhile pods are refused, in words',
    async (s) => {
      await changeCaJson(({ authority }) => {
        authority.claims = { minTLSCertDuration: '10s', maxTLSCertDuration: '24h', defaultTLSCertDuration: '1m' };
      });
      await kubectl('rollout', 'restart', 'deployment/autocert', '--namespace=step');
      await kubectl('rollout', 'status', 'deployment/autocert', '--namespace=step', timeoutFlag(120));
      await scaleCa(0);
      const annotations = { name: nameOf(s) };
      const refusal = await eventually('the certificate of the webhook to end', 120, () =>
        s.refusal(pod('web', { annotations })).catch(async (error: Error) => {
          await s.kubectl('delete', 'pod', 'web', '--ignore-not-found', '--grace-period=0', '--force');
          throw error;
        }),
      );
      assert.match(refusal, /autocert/);
      await scaleCa(1);
      await eventually('the webhook to serve again', 120, () => s.apply(pod('web', { annotations })));
      await s.readyPod('web', 120);
      await inspectCertificate(s, 'web');
    },
  );
});

/** How long the trouble lasts is what is tested here. */
const sleepSeconds = (seconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, seconds * 1000));

async function renewed(s: Scenario, serial: string): Promise<void> {
  await eventually(
    'a new certificate',
    2 * lifeSeconds,
    async () => (await inspectCertificate(s, 'web')).serial !== serial,
    1000,
  );
  assert.equal(await restarts(s), 0);
}
