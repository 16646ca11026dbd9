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

  it('lists no Secrets where there are none', async () => {
    assert.deepEqual((await client.listSecrets('autocert.step.sm/nobody=has-this')).items, []);
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

  it('stores an event, counts it up and tells when it is gone', async () => {
    const involvedObject = { apiVersion: 'v1', kind: 'Pod', name: 'app', namespace: 'default', uid: pod.uid };
    const [firstTimestamp, lastTimestamp] = [new Date(1_700_000_000_000), new Date(1_700_000_000_000)];
    const metadata = { name: 'app.1', namespace: 'default' };
    const event = { metadata, involvedObject, reason: 'Test', message: 'a test', type: 'Normal', count: 1 };
    await client.createEvent({ ...event, firstTimestamp, lastTimestamp, source: { component: 'test' } });
    const later = new Date(1_700_000_060_000).toISOString().replace('.000', '');
    const patch = [
      { op: 'replace', path: '/count', value: 5 },
      { op: 'replace', path: '/lastTimestamp', value: later },
    ] as const;
    assert.equal(await client.patchEvent('default', 'app.1', patch), true);
    const seen = JSON.parse(await api.kubectl(['get', 'event', 'app.1', '--output=json']));
    assert.deepEqual([seen.count, seen.lastTimestamp, seen.involvedObject.uid], [5, later, pod.uid]);
    assert.match(await api.kubectl(['describe', 'pod', 'app']), /Test .*x5 over.* test .*a test/);
    await api.kubectl(['delete', 'event', 'app.1']);
    assert.equal(await client.patchEvent('default', 'app.1', patch), false);
  });

  it('lists the pods that still wait for an init container', async () => {
    assert.deepEqual(
      (await client.listPendingPods('default')).map(({ metadata }) => metadata?.name),
      ['app'],
    );
    assert.deepEqual(await client.listPendingPods('kube-system'), []);
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
