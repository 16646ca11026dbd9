/** The API server that other tests stand on: starts, stores, issues a pod's token and reviews it. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { type KubernetesApi, startKubernetesApi } from './kubernetes-api.ts';

describe('a real API server', () => {
  let api: KubernetesApi;
  before(async () => {
    api = await startKubernetesApi();
  });
  after(() => api?.stop());

  it('answers kubectl and refuses a stranger', async () => {
    assert.match(await api.kubectl(['version', '--output=json']), /v1\.37/);
    assert.equal((await api.call('GET', '/api/v1/namespaces', undefined, 'stranger')).status, 401);
  });

  it('issues a token bound to a pod and reviews it for our audience only', async () => {
    const manifest = `
apiVersion: v1
kind: ServiceAccount
metadata: {name: app, namespace: default}
---
apiVersion: v1
kind: Pod
metadata: {name: app, namespace: default}
spec: {serviceAccountName: app, nodeName: node-1, containers: [{name: app, image: app}]}
`;
    await api.kubectl(['apply', '-f', '-'], manifest);
    const { metadata } = JSON.parse(await api.kubectl(['get', 'pod', 'app', '-o', 'json'])) as {
      metadata: { uid: string };
    };
    const pod = { namespace: 'default', name: 'app', uid: metadata.uid, serviceAccount: 'app' };
    const token = await api.podToken(pod, 'autocert.step.sm');
    const review = async (audiences: string[]): Promise<unknown> => {
      const spec = { token, audiences };
      const body = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', spec };
      const answer = await api.call('POST', '/apis/authentication.k8s.io/v1/tokenreviews', body);
      return (answer.body as { status: unknown }).status;
    };
    const status = (await review(['autocert.step.sm'])) as { authenticated: boolean; user: { extra: object } };
    assert.equal(status.authenticated, true);
    assert.deepEqual((status.user.extra as Record<string, string[]>)['authentication.kubernetes.io/pod-uid'], [
      metadata.uid,
    ]);
    assert.notEqual(((await review(['another'])) as { authenticated?: boolean }).authenticated, true);
  });
});
