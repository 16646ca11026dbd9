/** The local cluster's API, asked by the client that the webhook uses. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { generatePrivateKey } from '../../../lib/crypto/index.ts';
import { connectKubernetes, type KubernetesClient } from '../../../lib/kubernetes/index.ts';
import { systemClock } from '../../../lib/time/index.ts';
import type { Pod } from '../manifests/objects.ts';
import { type ClusterApi, startClusterApi } from './server.ts';
import { ServiceAccountTokens } from './service-account-tokens.ts';
import { ClusterStore } from './store.ts';

const pod: Pod = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'web', namespace: 'apps', uid: 'u-1' },
  spec: { containers: [{ name: 'web' }], serviceAccountName: 'web', nodeName: 'local' },
};

describe('local cluster API', () => {
  const folder = mkdtempSync(join(tmpdir(), 'autocert-cluster-api-'));
  const store = new ClusterStore();
  let tokens: ServiceAccountTokens;
  let api: ClusterApi;
  let client: KubernetesClient;

  before(async () => {
    tokens = new ServiceAccountTokens(await generatePrivateKey(), systemClock, store);
    api = await startClusterApi({ store, tokens, clock: systemClock });
    const kubeconfigPath = join(folder, 'kubeconfig');
    writeFileSync(kubeconfigPath, api.kubeconfig);
    client = await connectKubernetes({ kubeconfigPath, userAgent: 'test' });
    store.putPod(pod);
  });
  after(async () => {
    client?.close();
    await api?.stop();
    rmSync(folder, { recursive: true });
  });

  it('says it is new enough for native sidecars', async () => {
    const { major, minor } = await client.serverVersion();
    assert.ok(major === 1 && minor >= 32);
  });

  it('answers a live pod and nothing for one that is not there', async () => {
    assert.equal((await client.readPod('apps', 'web'))?.metadata?.uid, 'u-1');
    assert.equal(await client.readPod('apps', 'other'), undefined);
    assert.equal(await client.readPod('default', 'web'), undefined);
  });

  it('tells who bears a token, for the audience it was made for', async () => {
    const token = tokens.issue(pod, { audience: 'autocert.step.sm', expirationSeconds: 600 });
    const review = await client.reviewToken(token, 'autocert.step.sm');
    assert.deepEqual(review, {
      authenticated: true,
      username: 'system:serviceaccount:apps:web',
      audiences: ['autocert.step.sm'],
      extra: {
        'authentication.kubernetes.io/pod-name': ['web'],
        'authentication.kubernetes.io/pod-uid': ['u-1'],
        'authentication.kubernetes.io/node-name': ['local'],
      },
    });
  });

  const strangers = {
    'a token for another audience': () => tokens.issue(pod, { audience: 'other', expirationSeconds: 600 }),
    'a token without audience': () => tokens.issue(pod, { audience: undefined, expirationSeconds: 600 }),
    'an expired token': () => tokens.issue(pod, { audience: 'autocert.step.sm', expirationSeconds: -10 }),
    'a token of a pod that is gone': () =>
      tokens.issue(
        { ...pod, metadata: { ...pod.metadata, uid: 'u-0' } },
        { audience: 'autocert.step.sm', expirationSeconds: 600 },
      ),
    'text that is no token': () => 'x.y.z',
  };
  for (const [name, token] of Object.entries(strangers)) {
    it(`does not authenticate ${name}`, async () =>
      assert.equal((await client.reviewToken(token(), 'autocert.step.sm')).authenticated, false));
  }

  it('does not authenticate a token of another issuer key', async () => {
    const others = new ServiceAccountTokens(await generatePrivateKey(), systemClock, store);
    const token = others.issue(pod, { audience: 'autocert.step.sm', expirationSeconds: 600 });
    assert.equal((await client.reviewToken(token, 'autocert.step.sm')).authenticated, false);
  });

  it('stores, lists and deletes Secrets, each by its uid', async () => {
    const secret = {
      metadata: { generateName: 'web-', labels: { 'autocert.step.sm/token': 'true' } },
      stringData: { token: 't' },
    };
    const name = await client.createSecret('apps', secret);
    assert.match(name, /^web-[a-z0-9]{5}$/);
    assert.equal(store.secret('apps', name)?.get('token')?.toString(), 't');
    const { items } = await client.listSecrets('autocert.step.sm/token=true');
    assert.deepEqual(
      items.map((item) => [item.namespace, item.name]),
      [['apps', name]],
    );
    assert.deepEqual((await client.listSecrets('other=true')).items, []);
    const [item] = items;
    assert.ok(item);
    await assert.rejects(client.deleteSecret({ ...item, uid: 'another' }), { kind: 'conflict' });
    assert.equal(await client.deleteSecret(item), true);
    assert.equal(await client.deleteSecret(item), false);
  });

  it('patches the webhook configuration, tests of the patch included', async () => {
    store.webhookConfiguration = { metadata: { name: 'autocert' }, webhooks: [{ name: 'w', clientConfig: {} }] };
    assert.equal(await client.readWebhookConfiguration('other'), undefined);
    const path = '/webhooks/0/clientConfig/caBundle';
    await client.patchWebhookConfiguration('autocert', [{ op: 'add', path, value: 'eA==' }]);
    assert.equal((await client.readWebhookConfiguration('autocert'))?.webhooks?.[0]?.clientConfig.caBundle, 'eA==');
    await assert.rejects(client.patchWebhookConfiguration('autocert', [{ op: 'test', path, value: 'eQ==' }]), {
      kind: 'invalid',
    });
  });

  it('serves nobody without the token of the kubeconfig', async () => {
    const kubeconfigPath = join(folder, 'other');
    writeFileSync(kubeconfigPath, api.kubeconfig.replace(/"token":"[^"]+"/, '"token":"guess"'));
    const other = await connectKubernetes({ kubeconfigPath, userAgent: 'test' });
    try {
      await assert.rejects(other.readPod('apps', 'web'), { kind: 'unauthenticated' });
    } finally {
      other.close();
    }
  });
});
