/**
 * Install, upgrade and uninstall by real Helm on a real API server (no pod runs there): what the programs wrote into the
 * objects survives, what the notes promise is left is left, and a release of the upstream chart becomes one of ours.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { chartFolder } from '../../tools/manifests/helm.ts';
import { peerPath } from '../../tools/peers/index.ts';
import { type KubernetesApi, startKubernetesApi } from '../peers/kubernetes-api.ts';
import { type KubernetesObject, valueAt } from './objects.ts';

const caBundle = Buffer.from('the root').toString('base64');
const upstreamRelease = join(import.meta.dirname, 'upstream-release');
const webhookConfiguration =
  '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/autocert-autocert-webhook-config';

for (const program of ['helm', 'helm3'] as const) {
  describe(`${program} on a real API server`, () => {
    let api: KubernetesApi;
    before(async () => {
      api = await startKubernetesApi();
    });
    after(() => api?.stop());

    const helm = async (...command: string[]): Promise<string> => {
      const home = join(api.kubeconfigPath, '..', program);
      const env = { PATH: process.env.PATH, HOME: home, KUBECONFIG: api.kubeconfigPath };
      const { stdout } = await promisify(execFile)(peerPath(program), [...command, '--namespace', 'step'], { env });
      return stdout;
    };
    const read = async (path: string): Promise<KubernetesObject> => {
      const answer = await api.call('GET', path);
      assert.equal(answer.status, 200, path);
      return answer.body as KubernetesObject;
    };
    const core = (kind: string, name: string): string =>
      `/api/v1/namespaces/step/${kind}/autocert-step-certificates-${name}`;
    /** What the CA and the webhook write at their first start. */
    const write = async (): Promise<void> => {
      const answers = [
        await api.call('PATCH', core('secrets', 'secrets'), { stringData: { root_ca_key: 'key' } }),
        await api.call('PATCH', core('secrets', 'webhook-password'), { stringData: { password: 'word' } }),
        await api.call('PATCH', core('configmaps', 'certs'), { data: { 'root_ca.crt': 'root' } }),
      ];
      const { webhooks } = await read(webhookConfiguration);
      const [webhook] = webhooks as { clientConfig: object }[];
      const patched = [{ ...webhook, clientConfig: { ...webhook?.clientConfig, caBundle } }];
      answers.push(await api.call('PATCH', webhookConfiguration, { webhooks: patched }));
      assert.deepEqual(
        answers.map(({ status }) => status),
        [200, 200, 200, 200],
      );
    };
    const isKept = async (): Promise<void> => {
      const decoded = (text: string): string => Buffer.from(text, 'base64').toString();
      assert.equal(decoded(valueAt(await read(core('secrets', 'secrets')), 'data.root_ca_key')), 'key');
      assert.equal(decoded(valueAt(await read(core('secrets', 'webhook-password')), 'data.password')), 'word');
      const certs = valueAt<Record<string, string>>(await read(core('configmaps', 'certs')), 'data');
      assert.equal(certs['root_ca.crt'], 'root');
    };

    it('installs, and the notes come', async () => {
      const output = await helm('install', 'autocert', chartFolder, '--create-namespace');
      assert.match(output, /STATUS: deployed/);
      assert.match(output, /kubectl label namespace default autocert\.step\.sm=enabled/);
    });
    it('upgrades without touching the PKI and the caBundle that the programs wrote', async () => {
      await write();
      await helm('upgrade', 'autocert', chartFolder, '--set', 'replicaCount=3,webhook.timeoutSeconds=4');
      await isKept();
      const webhook = valueAt(await read(webhookConfiguration), 'webhooks.0');
      assert.equal(valueAt(webhook, 'timeoutSeconds'), 4);
      assert.equal(valueAt(webhook, 'clientConfig.caBundle'), caBundle);
      assert.equal(valueAt(await read('/apis/apps/v1/namespaces/step/deployments/autocert'), 'spec.replicas'), 3);
    });
    it('uninstalls and leaves the PKI, and nothing else', async () => {
      await helm('uninstall', 'autocert');
      await isKept();
      const kinds =
        'all,secrets,configmaps,serviceaccounts,roles,rolebindings,networkpolicies,poddisruptionbudgets,ingresses,' +
        'clusterroles,clusterrolebindings,mutatingwebhookconfigurations,validatingadmissionpolicies,' +
        'validatingadmissionpolicybindings';
      const left = await api.kubectl([
        'get',
        kinds,
        '-n',
        'step',
        '-o',
        'name',
        '-l',
        'app.kubernetes.io/instance=autocert',
      ]);
      assert.deepEqual(left.trim().split('\n').sort(), [
        'configmap/autocert-step-certificates-certs',
        'configmap/autocert-step-certificates-config',
        'secret/autocert-step-certificates-ca-password',
        'secret/autocert-step-certificates-provisioner-password',
        'secret/autocert-step-certificates-secrets',
        'secret/autocert-step-certificates-webhook-password',
      ]);
    });
    it('takes the PKI up again at the next install', async () => {
      await helm('install', 'autocert', chartFolder);
      await isKept();
      await helm('uninstall', 'autocert');
      const inNamespace = ['-n', 'step', '-l', 'app.kubernetes.io/instance=autocert'];
      await api.kubectl(['delete', 'secrets,configmaps', ...inNamespace]);
    });
    it('upgrades a release of the upstream chart and loses nothing of its PKI', async () => {
      await helm('install', 'autocert', upstreamRelease);
      // what upstream's bootstrap Job writes
      const written: [string, object][] = [
        [core('configmaps', 'config'), { data: { 'ca.json': 'configuration' } }],
        [core('configmaps', 'certs'), { data: { 'root_ca.crt': 'root' } }],
        [core('configmaps', 'secrets'), { data: { intermediate_ca_key: 'key' } }],
        [core('secrets', 'ca-password'), { stringData: { password: 'word' } }],
        [core('secrets', 'provisioner-password'), { stringData: { password: 'word' } }],
      ];
      for (const [path, change] of written) assert.equal((await api.call('PATCH', path, change)).status, 200);
      const before = await Promise.all(written.map(async ([path]) => (await read(path)).data));

      const values = join(chartFolder, 'ci', 'upstream-defaults-values.yaml');
      await helm('upgrade', 'autocert', chartFolder, '--values', values);

      assert.deepEqual(await Promise.all(written.map(async ([path]) => (await read(path)).data)), before);
      const set = await read('/apis/apps/v1/namespaces/step/statefulsets/autocert-step-certificates');
      assert.equal(valueAt(set, 'spec.template.spec.containers.0.image'), 'autocert-ca:0.1.0');
    });
  });
}
