/** What the webhook tells in a real cluster: events as kubectl shows them, with the rights that the chart gives. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { generatePrivateKey } from '../../lib/crypto/index.ts';
import { encodePem } from '../../lib/encoding/index.ts';
import { buildCertificateRequest } from '../../lib/x509/index.ts';
import { render } from '../helm/chart.ts';
import { type KubernetesApi, startKubernetesApi } from '../peers/kubernetes-api.ts';
import { createAuthority, type WebhookAuthority } from './webhook-authority.ts';
import {
  ask,
  podManifest,
  postReview,
  reviewOf,
  startTestWebhook,
  type TestWebhook,
  until,
  untilReady,
} from './webhook-harness.ts';

type SeenEvent = {
  reason: string;
  type: string;
  message: string;
  count: number;
  involvedObject: { kind: string; name: string; uid?: string };
};

describe('events of the webhook', () => {
  let api: KubernetesApi;
  let authority: WebhookAuthority;
  before(async () => {
    api = await startKubernetesApi();
    authority = await createAuthority('step-ca');
    await authority.start();
    await api.kubectl(['create', 'namespace', 'step']);
    await api.kubectl(['create', 'serviceaccount', 'web']);
  });
  after(async () => {
    await authority?.remove();
    await api?.stop();
  });

  /** The webhook with the roles of the chart and nothing else. */
  async function startWithChartRights(tokenMode: string): Promise<TestWebhook> {
    const rights = (await render({ set: [`autocert.tokenMode=${tokenMode}`] })).filter(
      ({ kind, metadata }) =>
        /^(ServiceAccount|ClusterRole|ClusterRoleBinding)$/.test(kind) && metadata.name === 'autocert',
    );
    assert.equal(rights.length, 3);
    await api.kubectl(['apply', '-f', '-'], JSON.stringify({ apiVersion: 'v1', kind: 'List', items: rights }));
    const token = (await api.kubectl(['create', 'token', 'autocert', '--namespace=step'])).trim();
    const webhook = await startTestWebhook(authority, api.kubeconfigFor(token, `autocert-${tokenMode}`), { tokenMode });
    await untilReady(webhook.address);
    return webhook;
  }

  const events = async (reason: string): Promise<SeenEvent[]> =>
    JSON.parse(await api.kubectl(['get', 'events', `--field-selector=reason=${reason}`, '--output=json'])).items;

  const untilEvent = (reason: string): Promise<SeenEvent[]> =>
    until(
      reason,
      () => events(reason),
      (seen) => seen.length > 0,
    );

  const owned = (name: string, certificateName: string): Record<string, unknown> => {
    const pod = podManifest('', 'default', certificateName) as { metadata: object };
    const owner = { apiVersion: 'apps/v1', kind: 'ReplicaSet', name, uid: `uid-of-${name}`, controller: true };
    return {
      ...pod,
      metadata: { ...pod.metadata, name: undefined, generateName: `${name}-`, ownerReferences: [owner] },
    };
  };

  describe('in token mode service-account', () => {
    let webhook: TestWebhook;
    before(async () => {
      webhook = await startWithChartRights('service-account');
    });
    after(() => webhook?.stop(0));

    it('are one for a burst of pods of a ReplicaSet, at the ReplicaSet', async () => {
      const review = reviewOf(owned('web-5d4', 'web.default.svc'));
      await Promise.all(Array.from({ length: 40 }, () => postReview(webhook.address, review)));
      const [event, ...more] = await untilEvent('AutocertInjected');
      assert.deepEqual(more, []);
      assert.deepEqual([event?.type, event?.count], ['Normal', 40]);
      assert.deepEqual([event?.involvedObject.kind, event?.involvedObject.name], ['ReplicaSet', 'web-5d4']);
      assert.match(event?.message ?? '', /web\.default\.svc/);
    });

    it('name rule and remedy of a denial', async () => {
      await postReview(webhook.address, reviewOf(owned('bad-1a2', 'bank.prod.svc')));
      const [event] = await untilEvent('AutocertDenied');
      assert.deepEqual([event?.type, event?.involvedObject.name], ['Warning', 'bad-1a2']);
      assert.match(event?.message ?? '', /autocert\.step\.sm\/name.*bank\.prod\.svc.*\[ERR_NAME_FORBIDDEN\]/);
    });

    it('are not made on a dry run', async () => {
      await postReview(webhook.address, reviewOf(owned('dry-1', 'bank.prod.svc'), { dryRun: true }));
      await postReview(webhook.address, reviewOf(owned('wet-1', 'bank.prod.svc')));
      const seen = await until(
        'the one that is not dry',
        () => events('AutocertDenied'),
        (all) => all.some(({ involvedObject }) => involvedObject.name === 'wet-1'),
      );
      assert.ok(!seen.some(({ involvedObject }) => involvedObject.name === 'dry-1'));
    });

    it('are found by kubectl describe at a bare pod, by its uid', async () => {
      await api.kubectl(['apply', '-f', '-'], JSON.stringify(podManifest('bare', 'default', 'bare.default.svc')));
      await postReview(webhook.address, reviewOf(podManifest('bare', 'default', 'bare.default.svc')));
      await until(
        'the event of the pod',
        () => api.kubectl(['describe', 'pod', 'bare']),
        (text) => /Normal +AutocertInjected .*autocert-controller .*bare\.default\.svc/.test(text),
      );
    });

    it('say at a pod why it gets no token', async () => {
      const pod = podManifest('thief', 'default', '') as { spec: object };
      const body = { ...pod, spec: { ...pod.spec, nodeName: 'node-1', serviceAccountName: 'web' } };
      const created = await api.call('POST', '/api/v1/namespaces/default/pods', body);
      const { uid } = (created.body as { metadata: { uid: string } }).metadata;
      const bearer = await api.podToken(
        { namespace: 'default', name: 'thief', uid, serviceAccount: 'web' },
        'autocert.step.sm',
      );
      const der = buildCertificateRequest({ commonName: '', sans: [], key: await generatePrivateKey() });
      const { status } = await ask(webhook.bootstrapAddress ?? '', {
        method: 'POST',
        path: '/v1/bootstrap',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${bearer}` },
        body: JSON.stringify({ csr: encodePem('CERTIFICATE REQUEST', der) }),
      });
      assert.equal(status, 403);
      const [event] = await untilEvent('AutocertBootstrapRefused');
      assert.deepEqual([event?.involvedObject.name, event?.involvedObject.uid], ['thief', uid]);
      assert.match(event?.message ?? '', /has no annotation.*\[ERR_BOOTSTRAP_NOT_INJECTED\]/);
    });

    it('are counted, and none was lost', async () => {
      const { text } = await ask(webhook.address, { path: '/metrics' });
      assert.match(text, /autocert_events_written_total\{reason="AutocertInjected"\} [1-9]/);
      assert.match(text, /autocert_events_written_total\{reason="AutocertBootstrapRefused"\} 1/);
      assert.doesNotMatch(text, /autocert_events_dropped_total\{/);
    });
  });

  it('say, in token mode secret, that the token expired while the pod waited for its init container', async () => {
    const webhook = await startWithChartRights('secret');
    try {
      const secret = {
        apiVersion: 'v1',
        kind: 'Secret',
        metadata: {
          name: 'late-abcde',
          namespace: 'default',
          labels: { 'autocert.step.sm/token': 'true' },
          annotations: { 'autocert.step.sm/expires': '2020-01-01T00:00:00Z' },
        },
      };
      const env = [{ name: 'STEP_TOKEN', valueFrom: { secretKeyRef: { name: 'late-abcde', key: 'token' } } }];
      const pod = podManifest('late', 'default', 'late.default.svc') as { spec: object };
      const initContainers = [{ name: 'autocert-bootstrapper', image: 'autocert-bootstrapper', env }];
      const items = [{ ...pod, spec: { ...pod.spec, serviceAccountName: 'web', initContainers } }, secret];
      await api.kubectl(['apply', '-f', '-'], JSON.stringify({ apiVersion: 'v1', kind: 'List', items }));
      const second = await startWithChartRights('secret'); // sweeps when it starts
      try {
        const [event] = await untilEvent('AutocertTokenExpired');
        assert.deepEqual([event?.type, event?.involvedObject.name], ['Warning', 'late']);
        assert.match(event?.message ?? '', /expired before .* delete the pod/);
        assert.doesNotMatch(JSON.stringify(second.log), /pending pods could not be listed/);
      } finally {
        await second.stop(0);
      }
    } finally {
      await webhook.stop(0);
    }
  });
});
