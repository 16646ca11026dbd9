/** Every kind of pod that people run gets its certificate, keeps running, and those that end do end. */
import assert from 'node:assert/strict';
import { describe } from 'node:test';
import { inspectCertificate } from '../../harness/certificates.ts';
import { apply } from '../../harness/kubectl.ts';
import { folder, job, pod, podTemplate, restrictedContainer, workload } from '../../harness/pods.ts';
import { type Scenario, scenario } from '../../harness/scenario.ts';
import { eventually } from '../../harness/wait.ts';

const restricted = { 'autocert.step.sm': 'enabled', 'pod-security.kubernetes.io/enforce': 'restricted' };
const nameOf = ({ namespace }: Scenario, service = 'web'): string => `${service}.${namespace}.svc.cluster.local`;

const succeeded = (s: Scenario, name: string): Promise<unknown> =>
  eventually(`job ${name} to complete`, 90, async () => {
    const { status } = await s.read<{ status: { succeeded?: number; failed?: number } }>('job', name);
    if (status.failed) throw new Error(`job ${name} failed`);
    return status.succeeded === 1;
  });

describe('a workload with the annotation', { concurrency: 4 }, () => {
  for (const kind of ['Deployment', 'StatefulSet', 'DaemonSet'] as const) {
    scenario(`${kind} gets a certificate for its name`, async (s) => {
      await s.apply(workload(kind, 'web', { annotations: { name: nameOf(s) } }));
      const [made] = await s.readyPods('app=web');
      const seen = await inspectCertificate(s, made?.metadata.name ?? '');
      assert.equal(seen.subject, `CN=${nameOf(s)}`);
      assert.equal(seen.sans, `DNS:${nameOf(s)}`);
      assert.deepEqual(
        made?.spec.initContainers?.map(({ name, restartPolicy }) => [name, restartPolicy]),
        [
          ['autocert-bootstrapper', undefined],
          ['autocert-renewer', 'Always'],
        ],
      );
    });
  }

  scenario('Job completes by itself, its sidecar does not hold it', async (s) => {
    await s.apply(
      job('once', `openssl verify -CAfile ${folder}/root.crt -untrusted ${folder}/site.crt ${folder}/site.crt`, {
        annotations: { name: nameOf(s, 'once') },
      }),
    );
    await succeeded(s, 'once');
  });

  scenario('Job with bootstrapper-only completes by itself', async (s) => {
    await s.apply(
      job('short', `test -s ${folder}/site.key`, {
        annotations: { name: nameOf(s, 'short'), 'bootstrapper-only': 'true' },
      }),
    );
    await succeeded(s, 'short');
  });

  scenario('CronJob has pods with certificates that complete', async (s) => {
    const { metadata, spec } = podTemplate({
      annotations: { name: nameOf(s, 'tick') },
      spec: { restartPolicy: 'OnFailure' },
      container: { command: ['sh', '-c', `test -s ${folder}/site.crt`] },
    });
    await s.apply({
      apiVersion: 'batch/v1',
      kind: 'CronJob',
      metadata: { name: 'tick' },
      spec: { schedule: '0 0 1 1 *', jobTemplate: { spec: { template: { metadata, spec } } } },
    });
    await s.kubectl('create', 'job', 'tick-now', '--from=cronjob/tick');
    await succeeded(s, 'tick-now');
  });

  scenario('pod whose own init container needs the certificate', async (s) => {
    const check = {
      name: 'migrate',
      image: 'toolbox:1',
      imagePullPolicy: 'Never',
      command: ['sh', '-c', `test -s ${folder}/site.key`],
    };
    await s.apply(pod('web', { annotations: { name: nameOf(s) }, spec: { initContainers: [check] } }));
    const { status } = await s.readyPod('web');
    assert.equal(status.initContainerStatuses?.find(({ name }) => name === 'migrate')?.state.terminated?.exitCode, 0);
  });

  scenario('pod with a native sidecar of its own, which needs the certificate too', async (s) => {
    const sidecar = {
      name: 'proxy',
      image: 'toolbox:1',
      imagePullPolicy: 'Never',
      restartPolicy: 'Always',
      command: ['sh', '-c', `test -s ${folder}/site.key && exec sleep 3600`],
    };
    await s.apply(pod('web', { annotations: { name: nameOf(s) }, spec: { initContainers: [sidecar] } }));
    const { status } = await s.readyPod('web');
    assert.deepEqual(
      status.initContainerStatuses?.map(({ name, restartCount }) => [name, restartCount]),
      [
        ['autocert-bootstrapper', 0],
        ['autocert-renewer', 0],
        ['proxy', 0],
      ],
    );
  });

  scenario('pod made from generateName', async (s) => {
    const { metadata, spec } = podTemplate({ annotations: { name: nameOf(s) }, labels: { app: 'web' } });
    const { kubectlCommand } = await import('../../cluster/control-plane.ts');
    const { run } = await import('../../cluster/processes.ts');
    const object = { apiVersion: 'v1', kind: 'Pod', metadata: { generateName: 'web-', ...metadata }, spec };
    await run(kubectlCommand(`--namespace=${s.namespace}`, 'create', '--filename=-'), JSON.stringify(object));
    const [made] = await s.readyPods('app=web');
    assert.equal((await inspectCertificate(s, made?.metadata.name ?? '')).subject, `CN=${nameOf(s)}`);
  });

  scenario('pod on the network of its host', async (s) => {
    await s.apply(
      pod('web', {
        annotations: { name: nameOf(s) },
        spec: { hostNetwork: true, dnsPolicy: 'ClusterFirstWithHostNet' },
      }),
    );
    await s.readyPod('web');
    assert.equal((await inspectCertificate(s, 'web')).subject, `CN=${nameOf(s)}`);
  });

  scenario('pod that is never restarted', async (s) => {
    await s.apply(pod('web', { annotations: { name: nameOf(s) }, spec: { restartPolicy: 'Never' } }));
    await s.readyPod('web');
  });

  scenario(
    'pod under PodSecurity restricted, with a read-only root',
    async (s) => {
      await s.apply(pod('web', { annotations: { name: nameOf(s) }, container: restrictedContainer }));
      await s.readyPod('web');
      assert.equal((await s.exec('web', 'app', `stat -L -c '%a %u' ${folder}/site.key`)).trim(), '600 1000');
      await inspectCertificate(s, 'web');
    },
    { labels: restricted },
  );

  scenario('pod with a random user of a random group, as OpenShift gives', async (s) => {
    const securityContext = { runAsUser: 1_000_680_000, runAsGroup: 0, fsGroup: 1_000_680_000, runAsNonRoot: true };
    await s.apply(pod('web', { annotations: { name: nameOf(s) }, spec: { securityContext } }));
    await s.readyPod('web');
    await inspectCertificate(s, 'web');
  });

  scenario('pod of one user has a key that this user alone can read', async (s) => {
    const securityContext = { runAsUser: 1234, runAsGroup: 1234 };
    await s.apply(pod('web', { annotations: { name: nameOf(s) }, spec: { securityContext } }));
    await s.readyPod('web');
    assert.equal((await s.exec('web', 'app', `stat -L -c '%a %u %g' ${folder}/site.key`)).trim(), '600 1234 1234');
    await inspectCertificate(s, 'web');
  });

  scenario('pod of two users and an fsGroup has a key that both can read', async (s) => {
    const { spec } = podTemplate({ container: { securityContext: { runAsUser: 1000 } } });
    const containers = [
      spec.containers[0],
      { ...spec.containers[0], name: 'other', securityContext: { runAsUser: 1001 } },
    ];
    await s.apply(
      pod('web', { annotations: { name: nameOf(s) }, spec: { securityContext: { fsGroup: 2000 }, containers } }),
    );
    await s.readyPod('web');
    assert.equal((await s.exec('web', 'app', `stat -L -c '%a %u %g' ${folder}/site.key`)).trim(), '640 1000 2000');
    await inspectCertificate(s, 'web');
    await inspectCertificate(s, 'web', 'other');
  });

  scenario('pod in a namespace with ResourceQuota and LimitRange', async (s) => {
    await s.apply(
      {
        apiVersion: 'v1',
        kind: 'ResourceQuota',
        metadata: { name: 'quota' },
        spec: {
          hard: { 'requests.cpu': '2', 'limits.cpu': '4', 'requests.memory': '2Gi', 'limits.memory': '2Gi', pods: '5' },
        },
      },
      {
        apiVersion: 'v1',
        kind: 'LimitRange',
        metadata: { name: 'range' },
        spec: {
          limits: [
            {
              type: 'Container',
              default: { cpu: '500m', memory: '256Mi' },
              defaultRequest: { cpu: '10m', memory: '32Mi' },
            },
          ],
        },
      },
    );
    await s.apply(pod('web', { annotations: { name: nameOf(s) } }));
    await s.readyPod('web');
  });

  scenario('pod without the annotation, and pod in a namespace that is not switched on, are left alone', async (s) => {
    await s.apply(pod('plain'));
    const { spec } = await s.pod('plain');
    assert.equal(spec.initContainers, undefined);
    const other = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: `${s.namespace}-off` } };
    await apply([other]);
    await eventually('its default ServiceAccount', 30, () =>
      s.kubectl('get', 'serviceaccount', 'default', `--namespace=${s.namespace}-off`),
    );
    await apply([pod('web', { annotations: { name: 'web.example.com' } })], `${s.namespace}-off`);
    const injected = await s.kubectl(
      'get',
      'pod',
      'web',
      `--namespace=${s.namespace}-off`,
      '--output=jsonpath={.spec.initContainers}',
    );
    assert.equal(injected, '');
    await s.kubectl('delete', 'namespace', `${s.namespace}-off`, '--wait=false');
  });
});
