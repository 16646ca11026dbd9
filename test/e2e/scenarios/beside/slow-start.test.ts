/** The init container starts long after admission: an image that took its time, a node that was full. */
import assert from 'node:assert/strict';
import { after, describe } from 'node:test';
import { inspectCertificate } from '../../harness/certificates.ts';
import { kubectl } from '../../harness/kubectl.ts';
import { pod } from '../../harness/pods.ts';
import { install, remove, restartCa, separate } from '../../harness/release.ts';
import { type Scenario, scenario } from '../../harness/scenario.ts';
import { eventually, isSoak } from '../../harness/wait.ts';

/**
 * A token of mode `secret` ends after five minutes. The short form makes it end at once: a CA takes no token from before its
 * start, so it is restarted.
 */
const delaySeconds = isSoak ? 600 : 45;

const slowPod = (s: Scenario, name: string): object =>
  pod(name, {
    annotations: { name: `${name}.${s.namespace}.svc`, 'init-first': 'false' },
    spec: {
      initContainers: [
        { name: 'slow', image: 'toolbox:1', imagePullPolicy: 'Never', command: ['sleep', String(delaySeconds)] },
      ],
    },
  });

const release = separate('autocert-slow');

describe('an init container that starts late', () => {
  after(() => remove(release));

  const startLate = async (s: Scenario): Promise<void> => {
    await install({}, release);
    await s.apply(slowPod(s, 'web'));
    await s.readyPod('web', delaySeconds + 120);
    await inspectCertificate(s, 'web');

    await install({ set: { 'autocert.tokenMode': 'secret' } }, release);
    await eventually('the webhook of the other mode to be gone', 60, async () => {
      const pods = await kubectl(
        'get',
        'pods',
        `--namespace=${release.namespace}`,
        '--selector=app.kubernetes.io/name=autocert',
        '--output=name',
      );
      return pods.trim().split('\n').length === 2;
    });
    await s.apply(slowPod(s, 'late'));
    if (!isSoak) await restartCa(release);
    const message = await eventually('the init container to say why', delaySeconds + 120, async () => {
      const late = await s.pod('late');
      const own = late.status.initContainerStatuses?.find(({ name }) => name === 'autocert-bootstrapper');
      return (own?.state.terminated ?? own?.lastState?.terminated)?.message;
    });
    assert.match(message, /ERR_/);
    assert.match(message, /token/);
    assert.match(message, /delete the pod|create the pod again|new pod/i);
  };
  scenario('gets its certificate in mode service-account, and says clearly in mode secret why not', startLate, {
    release,
  });
});
