/** The CA is away when it is needed: pods start late but start, and heal by themselves; nothing crash-loops. */
import assert from 'node:assert/strict';
import { after, before, describe } from 'node:test';
import { chartFolder } from '../../../../tools/manifests/helm.ts';
import { inspectCertificate } from '../../harness/certificates.ts';
import { kubectl } from '../../harness/kubectl.ts';
import { pod } from '../../harness/pods.ts';
import { changeCaJson, helm, install, remove, restartCa, scaleCa, separate } from '../../harness/release.ts';
import { type Scenario, scenario } from '../../harness/scenario.ts';
import { eventually, isSoak } from '../../harness/wait.ts';

const lifeSeconds = isSoak ? 300 : 40;
const release = separate('autocert-trouble');
const claims = { minTLSCertDuration: '10s', maxTLSCertDuration: '24h', defaultTLSCertDuration: '24h' };
const webhookSelector = '--selector=app.kubernetes.io/name=autocert';
const nameOf = ({ namespace }: Scenario): string => `web.${namespace}.svc.cluster.local`;

async function restarts(s: Scenario): Promise<number> {
  const counts = (await s.pods()).flatMap(({ status }) =>
    [...(status.containerStatuses ?? []), ...(status.initContainerStatuses ?? [])].map((one) => one.restartCount),
  );
  return counts.reduce((sum, count) => sum + count, 0);
}

const trouble = (name: string, body: (s: Scenario) => Promise<void>): void => scenario(name, body, { release });

describe('without its CA', () => {
  before(async () => {
    await kubectl('create', 'namespace', release.namespace);
    await helm('install', release.name, chartFolder, `--namespace=${release.namespace}`, ...release.flags);
    await scaleCa(0, release);
  });
  after(() => remove(release));

  trouble('the webhook is installed, waits, says why, and begins when the CA comes', async () => {
    const webhooks = (): Promise<string> =>
      kubectl('get', 'pods', `--namespace=${release.namespace}`, webhookSelector, '--output=json');
    await eventually('two webhook pods', 60, async () => JSON.parse(await webhooks()).items.length === 2);
    await install({}, release);
    const { items } = JSON.parse(await webhooks()) as {
      items: { status: { containerStatuses: { restartCount: number }[] } }[];
    };
    assert.deepEqual(
      items.flatMap(({ status }) => status.containerStatuses.map(({ restartCount }) => restartCount)),
      [0, 0],
    );
    await changeCaJson(({ authority }) => {
      authority.claims = claims;
      authority.backdate = '0s'; // of a certificate this short, a minute in the past is most of it
    }, release);
  });

  trouble('a pod waits in its init container and starts when the CA is back', async (s) => {
    await scaleCa(0, release);
    await s.apply(pod('web', { annotations: { name: nameOf(s) } }));
    await eventually('the init container to wait', 60, async () => {
      const log = await s.logs('web', 'autocert-bootstrapper');
      return /ERR_CA_UNREACHABLE|ERR_BOOTSTRAP|unreachable|waiting/i.test(log);
    });
    await scaleCa(1, release);
    await s.readyPod('web', 120);
    await inspectCertificate(s, 'web');
    assert.equal(await restarts(s), 0);
  });

  trouble('a CA that restarts between admission and start is not noticed', async (s) => {
    const slow = { name: 'slow', image: 'toolbox:1', imagePullPolicy: 'Never', command: ['sleep', '15'] };
    const annotations = { name: nameOf(s), 'init-first': 'false' };
    await s.apply(pod('web', { annotations, spec: { initContainers: [slow] } }));
    await restartCa(release);
    await s.readyPod('web', 120);
    assert.equal(await restarts(s), 0);
  });

  trouble(
    'while it is away half of one life and the whole of another: one is renewed late, one is replaced',
    async (s) => {
      const pods = [
        { name: 'late', life: 2 * lifeSeconds },
        { name: 'expired', life: lifeSeconds },
      ];
      for (const { name, life } of pods) {
        await s.apply(pod(name, { annotations: { name: nameOf(s), duration: `${life}s` } }));
      }
      const before = await Promise.all(
        pods.map(async ({ name }) => {
          await s.readyPod(name);
          return (await inspectCertificate(s, name)).serial;
        }),
      );
      await scaleCa(0, release);
      await sleepSeconds(lifeSeconds + 5);
      await inspectCertificate(s, 'late');
      await assert.rejects(inspectCertificate(s, 'expired'), /expired/);
      await scaleCa(1, release);
      for (const [index, { name }] of pods.entries()) {
        const renewed = async () => (await inspectCertificate(s, name)).serial !== before[index];
        await eventually(`a new certificate of ${name}`, 2 * lifeSeconds + 60, renewed, 1000);
      }
      assert.equal(await restarts(s), 0);
    },
  );
});

/** How long the trouble lasts is what is tested here. */
const sleepSeconds = (seconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, seconds * 1000));
