/** The command in place of Helm: install, doctor, explain and pods, with pods that really run. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe } from 'node:test';
import { peerPath } from '../../../../tools/peers/index.ts';
import { kubeconfigPath } from '../../cluster/credentials.ts';
import { insideNetwork, run } from '../../cluster/processes.ts';
import { inState } from '../../cluster/state.ts';
import { autocert, autocertJson } from '../../harness/autocert.ts';
import { inspectCertificate } from '../../harness/certificates.ts';
import { kubectl } from '../../harness/kubectl.ts';
import { pod } from '../../harness/pods.ts';
import { scenario } from '../../harness/scenario.ts';
import { eventually } from '../../harness/wait.ts';
import { patient, timeoutFlag } from '../../patience.ts';

const root = join(import.meta.dirname, '../../../..');
const manifest = join(root, 'manifests/autocert.yaml');

type Report = {
  readonly checks: readonly { readonly id: string; readonly status: string; readonly detail: string }[];
  readonly findings: readonly { readonly id: string; readonly what: string; readonly remedy: string }[];
};
type Pods = {
  readonly items: readonly {
    readonly pod: string;
    readonly state: string;
    readonly note?: string;
    readonly subject: string;
    readonly expires?: string;
    readonly renewed?: string;
    readonly renewsNext?: string;
  }[];
};

describe('the command on a cluster', () => {
  let installed = '';
  before(async () => {
    const { code, out, err } = await autocert('install', '--timeout', `${patient(180)}s`);
    assert.equal(code, 0, `${out}\n${err}`);
    installed = out;
  });
  after(() => kubectl('delete', '--filename', manifest, '--ignore-not-found', timeoutFlag(180)));

  scenario('install prints the fingerprint that pods trust, and once more changes nothing', async (s) => {
    const [, fingerprint] = /Root fingerprint: ([0-9a-f]{64})\n/.exec(installed) ?? [];
    await s.apply(pod('web', { annotations: { name: `web.${s.namespace}.svc` } }));
    await s.readyPod('web');
    await inspectCertificate(s, 'web');
    const given = await s.exec(
      'web',
      'app',
      'openssl x509 -in /var/run/autocert.step.sm/root.crt -noout -fingerprint -sha256',
    );
    assert.equal(given.trim().split('=')[1]?.replaceAll(':', '').toLowerCase(), fingerprint);
    const again = await autocert('install', '--timeout', `${patient(60)}s`);
    assert.equal(again.code, 0, again.err);
    assert.match(again.out, /\nNothing had to be changed\.\n/);
  });

  scenario('doctor finds everything in order, also as a plugin of kubectl', async (s) => {
    await s.apply(pod('web', { annotations: { name: `web.${s.namespace}.svc` } }));
    await s.readyPod('web');
    const { checks } = await autocertJson<Report>(['doctor']);
    assert.deepEqual(
      checks.filter(({ status }) => status !== 'ok'),
      [],
    );
    const environment = [`KUBECONFIG=${kubeconfigPath('admin')}`, `HOME=${inState('cli')}`];
    const path = `PATH=${join(root, 'bin')}:${process.env.PATH}`;
    const plugin = [...insideNetwork, 'env', '-i', ...environment, path, peerPath('kubectl'), 'autocert', 'doctor'];
    assert.match(await run([...plugin, '-n', s.namespace]), /\nhealthy\n$/);
  });

  scenario('pods reads the certificate of each pod, and sees it renewed', async (s) => {
    await s.apply(
      pod('web', { annotations: { name: `web.${s.namespace}.svc` } }),
      pod('once', { annotations: { name: `once.${s.namespace}.svc`, 'bootstrapper-only': 'true' } }),
      pod('metrics', { annotations: { name: `metrics.${s.namespace}.svc`, 'metrics-port': '9464' } }),
    );
    for (const name of ['web', 'once', 'metrics']) await s.readyPod(name);
    const look = async () => (await autocertJson<Pods>(['pods', '-n', s.namespace])).items;
    const first = await look();
    const states = first.map(({ pod: name, state, note }) => [name, state, state === 'unknown' ? note : '']);
    assert.deepEqual(states, [
      ['metrics', 'valid', ''],
      ['once', 'no renewer', ''],
      ['web', 'valid', ''],
    ]);
    const find = (items: Pods['items']) => items.find(({ pod: name }) => name === 'web');
    const before = find(first);
    assert.equal(before?.subject, `web.${s.namespace}.svc`);
    const renewNow = ['/usr/local/bin/node', '-e', 'process.kill(1, "SIGHUP")'];
    await s.kubectl('exec', 'web', '--container=autocert-renewer', '--', ...renewNow);
    const later = await eventually('a renewal that autocert pods shows', 60, async () => {
      const now = find(await look());
      return now?.renewed !== before?.renewed && now;
    });
    assert.ok(Date.parse(later.expires ?? '') > Date.parse(before?.expires ?? ''), later.expires);
  });

  scenario(
    'explain and doctor agree on a pod that was forgotten, and the remedy helps',
    async (s) => {
      await s.apply(pod('web', { annotations: { name: `web.${s.namespace}.svc` } }));
      const explained = await autocert('explain', 'pod/web', '-n', s.namespace);
      assert.equal(explained.code, 1);
      const { findings } = await autocertJson<Report>(['doctor', '-n', s.namespace], 1);
      const finding = findings.find(({ id }) => id === 'pod-in-namespace-without-label');
      assert.equal(finding?.what, `pod ${s.namespace}/web`);
      const [command = ''] = finding?.remedy.split(';') ?? [];
      assert.ok(explained.out.includes(command), explained.out);
      await kubectl(...command.split(' ').slice(1));
      await s.kubectl('delete', 'pod', 'web');
      await s.apply(pod('web', { annotations: { name: `web.${s.namespace}.svc` } }));
      await s.readyPod('web');
      assert.equal((await autocert('explain', 'pod/web', '-n', s.namespace)).code, 0);
    },
    { labels: {} },
  );

  scenario('doctor says what is wrong while the webhook is away', async (s) => {
    await kubectl('--namespace=step', 'scale', 'deployment/autocert', '--replicas=0');
    try {
      const findings = await eventually('doctor to find it', 60, async () => {
        const report = await autocertJson<Report>(['doctor', '-n', s.namespace], 1);
        const ids = report.findings.map(({ id }) => id);
        // the API server keeps its connection to a pod that is ending
        return ids.includes('admission-webhook-away') && ids;
      });
      assert.deepEqual(findings, ['deployment-not-ready', 'service-no-endpoints', 'admission-webhook-away']);
    } finally {
      const again = await autocert('install', '--force', '--timeout', `${patient(180)}s`);
      assert.equal(again.code, 0, again.err);
    }
  });
});
