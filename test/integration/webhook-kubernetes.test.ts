/** lib/kubernetes against the real API server: rights, optimistic locking and pages as they really are. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { connectKubernetes, type KubernetesClient } from '../../lib/kubernetes/index.ts';
import { type KubernetesApi, startKubernetesApi } from '../peers/kubernetes-api.ts';

const manifest = `
apiVersion: v1
kind: ServiceAccount
metadata: {name: app, namespace: default}
---
apiVersion: v1
kind: Pod
metadata: {name: app, namespace: default, annotations: {autocert.step.sm/name: app.default.svc}}
spec: {serviceAccountName: app, nodeName: node-1, containers: [{name: app, image: app}]}
---
apiVersion: admissionregistration.k8s.io/v1
kind: MutatingWebhookConfiguration
metadata: {name: autocert}
webhooks: []
`;

describe('KubernetesClient and the real API server', () => {
  let api: KubernetesApi;
  let client: KubernetesClient;
  const pod = { namespace: 'default', name: 'app', serviceAccount: 'app', uid: '' };
  before(async () => {
    api = await startKubernetesApi();
    await api.kubectl(['apply', '-f', '-'], manifest);
    client = await connectKubernetes({ kubeconfigPath: api.kubeconfigPath, userAgent: 'autocert-test' });
    pod.uid = (await client.readPod('default', 'app'))?.metadata?.uid ?? '';
  });
  after(async () => {
    client?.close();
    await api?.stop();
  });

  it('reads the version', async () => assert.deepEqual([(await client.serverVersion()).minor], [37]));

  it('reads a pod, and tells when there is none', async () => {
    const found = await client.readPod('default', 'app');
    assert.equal(found?.metadata?.annotations?.['autocert.step.sm/name'], 'app.default.svc');
    assert.equal(await client.readPod('default', 'other'), undefined);
  });

  it('learns pod, uid and node from a token meant for us', async () => {
    const token = await api.podToken(pod, 'autocert.step.sm');
    const review = await client.reviewToken(token, 'autocert.step.sm');
    assert.ok(review.authenticated);
    assert.equal(review.username, 'system:serviceaccount:default:app');
    assert.deepEqual(review.audiences, ['autocert.step.sm']);
    assert.deepEqual(review.extra['authentication.kubernetes.io/pod-name'], ['app']);
    assert.deepEqual(review.extra['authentication.kubernetes.io/pod-uid'], [pod.uid]);
  });

  it('does not take a token for another audience, nor nonsense', async () => {
    const token = await api.podToken(pod, 'another');
    assert.equal((await client.reviewToken(token, 'autocert.step.sm')).authenticated, false);
    assert.equal((await client.reviewToken('nonsense', 'autocert.step.sm')).authenticated, false);
  });

  it('creates, lists and deletes Secrets without reading them', async () => {
    const labels = { 'autocert.step.sm/token': 'true' };
    const metadata = { generateName: 'app-', labels, annotations: { expires: 'soon' } };
    const name = await client.createSecret('default', { metadata, stringData: { token: 'secret' } });
    assert.match(name, /^app-[a-z0-9]+$/);
    const { items, continueToken } = await client.listSecrets('autocert.step.sm/token=true');
    assert.equal(continueToken, undefined);
    const [found] = items;
    assert.deepEqual([found?.namespace, found?.name, found?.annotations], ['default', name, { expires: 'soon' }]);
    assert.ok(found && found.createdAt > 0);
    assert.ok(!JSON.stringify(items).includes(Buffer.from('secret').toString('base64')));
    await assert.rejects(client.deleteSecret({ ...found, uid: 'another' }), { kind: 'conflict' });
    assert.equal(await client.deleteSecret(found), true);
    assert.equal(await client.deleteSecret(found), false);
  });

  it('changes a webhook configuration only from what it was', async () => {
    const value = { test: 'yes' };
    await client.patchWebhookConfiguration('autocert', [{ op: 'add', path: '/metadata/labels', value }]);
    assert.deepEqual((await client.readWebhookConfiguration('autocert'))?.metadata?.labels, value);
    const stale = { op: 'test', path: '/metadata/labels/test', value: 'no' } as const;
    await assert.rejects(client.patchWebhookConfiguration('autocert', [stale]), {
      code: 'ERR_KUBERNETES_REFUSED',
      kind: 'invalid',
    });
    assert.equal(await client.readWebhookConfiguration('other'), undefined);
  });

  it('names the missing right', async () => {
    const token = await api.podToken(pod, 'https://kubernetes.default.svc.cluster.local');
    const stranger = await connectKubernetes({ kubeconfigPath: api.kubeconfigFor(token, 'app'), userAgent: 'test' });
    await assert.rejects(stranger.readPod('default', 'app'), (error: Error & { kind: string; hint: string }) => {
      assert.equal(error.kind, 'forbidden');
      assert.match(error.message, /system:serviceaccount:default:app/);
      assert.equal(
        error.hint,
        'add the rule {apiGroups: [""], resources: ["pods"], verbs: ["get"]} to the role of this program',
      );
      return true;
    });
    stranger.close();
  });
});
