/**
 * Coming from smallstep's autocert, or keeping parts of it: its values, its pods, its injected images, and a real step-ca.
 */
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe } from 'node:test';
import { initCa } from '../../../peers/certificate-authority.ts';
import { inspectCertificate } from '../../harness/certificates.ts';
import { apply, kubectl } from '../../harness/kubectl.ts';
import { folder, pod, workload } from '../../harness/pods.ts';
import { install, remove, separate } from '../../harness/release.ts';
import { type Scenario, scenario } from '../../harness/scenario.ts';
import { eventually } from '../../harness/wait.ts';
import { timeoutFlag } from '../../patience.ts';

const nameOf = ({ namespace }: Scenario): string => `web.${namespace}.svc.cluster.local`;
const repository = join(import.meta.dirname, '../../../..');

const release = separate('autocert-upstream');

describe('coming from upstream', () => {
  after(async () => {
    await remove(release);
    await kubectl('delete', 'namespace', 'step-ca', '--ignore-not-found');
  });

  const takeOver = async (s: Scenario): Promise<void> => {
    // what upstream's webhook has put into a pod template's pod: two containers, a volume, the status
    const volume = { name: 'certs', emptyDir: {} };
    const mount = { name: 'certs', mountPath: folder };
    const containers = [
      { name: 'app', image: 'toolbox:1', imagePullPolicy: 'Never', volumeMounts: [mount] },
      { name: 'autocert-renewer', image: 'toolbox:1', imagePullPolicy: 'Never', volumeMounts: [mount] },
    ];
    await s.apply(
      pod('old', {
        annotations: { name: nameOf(s), status: 'injected' },
        labels: { app: 'old' },
        spec: { containers, volumes: [volume] },
      }),
      workload('Deployment', 'web', { annotations: { name: nameOf(s) } }),
    );
    const old = await s.readyPod('old');
    await install({ files: [join(repository, 'charts/autocert/ci/upstream-defaults-values.yaml')] }, release);
    assert.deepEqual((await s.pod('old')).metadata.uid, old.metadata.uid);
    const [before] = await s.readyPods('app=web');
    assert.equal(before?.spec.initContainers, undefined, 'made before the installation');
    await s.kubectl('rollout', 'restart', 'deployment/web');
    await s.kubectl('rollout', 'status', 'deployment/web', timeoutFlag(120));
    const [restarted] = await s.readyPods('app=web');
    await inspectCertificate(s, restarted?.metadata.name ?? '');
    await remove(release);
  };
  scenario('its values install ours, and a pod that it injected is taken over at its next restart', takeOver, {
    release,
  });

  const runContract = async (s: Scenario): Promise<void> => {
    await remove(release);
    await install(
      {
        set: {
          'autocert.tokenMode': 'secret',
          'autocert.writeMode': 'in-place',
          'bootstrapper.image.repository': 'contract-bootstrapper',
          'bootstrapper.image.tag': 'v1',
          'renewer.image.repository': 'contract-renewer',
          'renewer.image.tag': 'v1',
        },
      },
      release,
    );
    await s.apply(pod('web', { annotations: { name: nameOf(s), duration: '1h' } }));
    const { spec } = await s.readyPod('web');
    assert.deepEqual(
      spec.initContainers?.map(({ name }) => name),
      ['autocert-bootstrapper', 'autocert-renewer'],
    );
    const seen = await inspectCertificate(s, 'web');
    assert.equal(seen.subject, `CN=${nameOf(s)}`);
    await s.kubectl('delete', 'pod', 'web', '--grace-period=0', '--force');
  };
  scenario('containers that follow its contract, with the real step CLI, run on ours', runContract, { release });

  const useStepCa = async (s: Scenario): Promise<void> => {
    await remove(release); // from a CA of ours to another one is a new release
    const authority = await initCa('step-ca', { flags: ['--dns', 'ca.step-ca.svc'] });
    const values = await mkdtemp(join(tmpdir(), 'autocert-values-'));
    try {
      const read = (file: string): Promise<string> => readFile(join(authority.folder, file), 'utf8');
      const inPod = '/home/step';
      const config = JSON.parse((await read('config/ca.json')).replaceAll(authority.folder, inPod)) as Record<
        string,
        unknown
      >;
      const caJson = JSON.stringify({ ...config, address: ':9000', db: undefined });
      await apply([{ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'step-ca' } }]);
      const files = {
        'ca.json': caJson,
        'root_ca.crt': await read('certs/root_ca.crt'),
        'intermediate_ca.crt': await read('certs/intermediate_ca.crt'),
        intermediate_ca_key: await read('secrets/intermediate_ca_key'),
        password: authority.password,
      };
      const place = {
        'root_ca.crt': 'certs/',
        'intermediate_ca.crt': 'certs/',
        intermediate_ca_key: 'secrets/',
        'ca.json': 'config/',
        password: '',
      };
      const items = Object.entries(place).map(([key, path]) => ({ key, path: `${path}${key}` }));
      await apply(
        [
          { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'pki' }, stringData: files },
          {
            apiVersion: 'v1',
            kind: 'Service',
            metadata: { name: 'ca' },
            spec: { selector: { app: 'ca' }, ports: [{ port: 443, targetPort: 9000 }] },
          },
          pod('ca', {
            labels: { app: 'ca' },
            spec: { volumes: [{ name: 'pki', secret: { secretName: 'pki', items } }] },
            container: {
              command: ['step-ca', `${inPod}/config/ca.json`, '--password-file', `${inPod}/password`],
              env: [{ name: 'STEPPATH', value: inPod }],
              volumeMounts: [{ name: 'pki', mountPath: inPod }],
            },
          }),
        ],
        'step-ca',
      );
      const file = join(values, 'values.yaml');
      await writeFile(
        file,
        JSON.stringify({
          'step-certificates': { enabled: false },
          ca: {
            url: 'https://ca.step-ca.svc',
            provisioner: { name: 'admin', password: authority.password },
            certs: { 'root_ca.crt': files['root_ca.crt'] },
          },
        }),
      );
      await install({ files: [file] }, release);
      await s.apply(pod('web', { annotations: { name: nameOf(s), duration: '5m' } }));
      await s.readyPod('web');
      const seen = await inspectCertificate(s, 'web');
      assert.equal(seen.subject, `CN=${nameOf(s)}`);
      const log = await eventually('the real step-ca to have signed', 30, async () => {
        const text = await kubectl('logs', 'ca', '--namespace=step-ca');
        return /path=\/(1\.0\/)?sign/.test(text) && text;
      });
      assert.match(log, /Serving HTTPS/);
    } finally {
      await authority.remove();
      await rm(values, { recursive: true, force: true });
    }
  };
  scenario('the real step-ca in the cluster serves our webhook and our pods', useStepCa, { release });
});
