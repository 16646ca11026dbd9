/** What is refused is refused in words that its author can act upon, wherever they look. */
import assert from 'node:assert/strict';
import { describe } from 'node:test';
import { pod, podTemplate, workload } from '../../harness/pods.ts';
import { scenario } from '../../harness/scenario.ts';
import { eventually } from '../../harness/wait.ts';

describe('a pod that cannot be served', { concurrency: 4 }, () => {
  for (const [what, annotations, words] of [
    [
      'a name of another namespace',
      { name: 'web.kube-system.svc.cluster.local' },
      [/autocert\.step\.sm\/name/, /web\.kube-system\.svc/, /namespace/],
    ],
    [
      'a SAN of another namespace',
      { name: 'web.example.com', sans: 'web.example.com,db.other.svc' },
      [/autocert\.step\.sm\/sans/, /db\.other\.svc/],
    ],
    [
      'a duration that is none',
      { name: 'web.example.com', duration: 'tomorrow' },
      [/autocert\.step\.sm\/duration/, /tomorrow/],
    ],
    ['a mode that is none', { name: 'web.example.com', mode: '999' }, [/autocert\.step\.sm\/mode/, /999/]],
    ['an owner that is none', { name: 'web.example.com', owner: 'root' }, [/autocert\.step\.sm\/owner/, /root/]],
  ] as const) {
    scenario(`is refused at kubectl apply: ${what}`, async (s) => {
      const refusal = await s.refusal(pod('web', { annotations }));
      for (const word of words) assert.match(refusal, word);
      assert.equal((await s.pods()).length, 0);
    });
  }

  scenario('is refused where a ReplicaSet makes it: the reason is an event of the ReplicaSet', async (s) => {
    await s.apply(workload('Deployment', 'web', { annotations: { name: 'web.other.svc' } }));
    const { items } = await eventually('a ReplicaSet', 30, async () => {
      const list = await s.read<{ items: { metadata: { name: string } }[] }>('replicasets');
      return list.items.length > 0 && list;
    });
    const event = await eventually('an event that says why', 60, async () => {
      const events = await s.events(items[0]?.metadata.name ?? '');
      return events.find(({ reason }) => reason === 'FailedCreate');
    });
    assert.match(event.message, /autocert\.step\.sm\/name/);
    assert.match(event.message, /web\.other\.svc/);
  });

  scenario('and a pod that is served leave events with a reason at their owner', async (s) => {
    await s.apply(workload('Deployment', 'web', { annotations: { name: `web.${s.namespace}.svc` } }));
    await s.readyPods('app=web');
    const { items } = await s.read<{ items: { metadata: { name: string } }[] }>('replicasets');
    const reasons = async (reason: string, owner: string): Promise<string | undefined> =>
      (await s.events(owner)).find((event) => event.reason === reason)?.message;
    const owner = items[0]?.metadata.name ?? '';
    assert.match(await eventually('an event', 60, () => reasons('AutocertInjected', owner)), /web\..*\.svc/);

    await s.apply(workload('StatefulSet', 'bad', { annotations: { name: 'web.example.com', mode: '1' } }));
    assert.match(await eventually('an event', 60, () => reasons('AutocertDenied', 'bad')), /autocert\.step\.sm\/mode/);
  });

  scenario('is refused where a Job makes it: the reason is an event of the Job', async (s) => {
    const { metadata, spec } = podTemplate({
      annotations: { name: 'web.example.com', duration: 'x' },
      spec: { restartPolicy: 'Never' },
    });
    await s.apply({
      apiVersion: 'batch/v1',
      kind: 'Job',
      metadata: { name: 'once' },
      spec: { template: { metadata, spec } },
    });
    const event = await eventually('an event that says why', 60, async () =>
      (await s.events('once')).find(({ reason }) => reason === 'FailedCreate'),
    );
    assert.match(event.message, /autocert\.step\.sm\/duration/);
  });

  scenario('cannot take the name of an injected container', async (s) => {
    const spec = { initContainers: [{ name: 'autocert-renewer', image: 'toolbox:1', command: ['sleep', '1'] }] };
    assert.match(await s.refusal(pod('web', { annotations: { name: 'web.example.com' }, spec })), /autocert-renewer/);
  });

  scenario('cannot change its annotations once it runs', async (s) => {
    await s.apply(pod('web', { annotations: { name: `web.${s.namespace}.svc` } }));
    await s.readyPod('web');
    await assert.rejects(
      s.kubectl('annotate', 'pod', 'web', 'autocert.step.sm/name=db.example.com', '--overwrite'),
      /autocert\.step\.sm/,
    );
    await s.kubectl('annotate', 'pod', 'web', 'example.com/note=fine');
  });
});
