import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Circumstances, explainNotInjected, findSimilarLabel, whyNotCalled } from './not-injected.ts';
import type { ManagedFields, MutatingWebhook, Namespace, Pod } from './objects.ts';

const key = 'autocert.step.sm';
const webhook: MutatingWebhook = {
  name: key,
  failurePolicy: 'Fail',
  namespaceSelector: {
    matchLabels: { [key]: 'enabled' },
    matchExpressions: [{ key: 'kubernetes.io/metadata.name', operator: 'NotIn', values: ['kube-system', 'step'] }],
  },
  objectSelector: { matchExpressions: [{ key: `${key}/control-plane`, operator: 'DoesNotExist' }] },
  matchConditions: [{ name: 'wants-a-certificate', expression: 'true' }],
};
const on: Namespace = { metadata: { name: 'shop', labels: { [key]: 'enabled' } } };
const circumstances: Circumstances = { namespace: on, webhook, registeredAt: '2026-01-01T10:00:00Z' };

/** Made an hour after the webhook. */
const pod = (metadata: Pod['metadata'] = {}, spec: Pod['spec'] = {}): Pod => ({
  metadata: {
    name: 'web',
    namespace: 'shop',
    creationTimestamp: '2026-01-01T11:00:00Z',
    annotations: { [`${key}/name`]: 'web.shop' },
    ...metadata,
  },
  spec,
});
const set = (map: string, name: string, time: string): ManagedFields => ({
  manager: 'kubectl',
  time,
  fieldsV1: { 'f:metadata': { [`f:${map}`]: { [`f:${name}`]: {} } } },
});

describe('explainNotInjected', () => {
  const cases: readonly {
    readonly name: string;
    readonly pod?: Pod;
    readonly around?: Partial<Circumstances>;
    readonly code: string;
    readonly why: RegExp;
  }[] = [
    {
      name: 'a namespace without the label',
      around: { namespace: { metadata: { name: 'shop' } } },
      code: 'pod-in-namespace-without-label',
      why: /^its namespace has no label autocert\.step\.sm$/,
    },
    {
      name: 'a namespace with another value',
      around: { namespace: { metadata: { name: 'shop', labels: { [key]: 'true' } } } },
      code: 'pod-in-namespace-without-label',
      why: /autocert\.step\.sm=true, and the value has to be enabled/,
    },
    {
      name: 'an excluded namespace',
      around: { namespace: { metadata: { name: 'kube-system', labels: { [key]: 'enabled' } } } },
      code: 'pod-in-excluded-namespace',
      why: /kubernetes\.io\/metadata\.name NotIn kube-system, step/,
    },
    {
      name: 'a pod that is taken out by a label',
      pod: pod({ labels: { [`${key}/control-plane`]: 'true' } }),
      code: 'pod-opted-out',
      why: /control-plane \(true\)/,
    },
    {
      name: 'a static pod',
      pod: pod({ annotations: { 'kubernetes.io/config.mirror': 'x' } }),
      code: 'pod-is-static',
      why: /static pod/,
    },
    { name: 'a pod for Windows', pod: pod({}, { os: { name: 'windows' } }), code: 'pod-for-windows', why: /Windows/ },
    {
      name: 'a pod older than the webhook',
      pod: pod({ creationTimestamp: '2026-01-01T09:00:00Z' }),
      code: 'pod-before-install',
      why: /created 2026-01-01T09.*installed \(2026-01-01T10/,
    },
    {
      name: 'a pod older than the label of its namespace',
      around: {
        namespace: { metadata: { ...on.metadata, managedFields: [set('labels', key, '2026-01-01T12:00:00Z')] } },
      },
      code: 'pod-before-label',
      why: /last set 2026-01-01T12/,
    },
    {
      name: 'an annotation that came later',
      pod: pod({ managedFields: [set('annotations', `${key}/name`, '2026-01-01T11:30:00Z')] }),
      code: 'pod-annotated-later',
      why: /got its annotation 2026-01-01T11:30/,
    },
    {
      name: 'a condition that somebody added',
      around: { webhook: { ...webhook, matchConditions: [{ name: 'not-on-fridays', expression: 'true' }] } },
      code: 'pod-excluded-by-condition',
      why: /not-on-fridays/,
    },
    {
      name: 'a webhook that failed open',
      around: { webhook: { ...webhook, failurePolicy: 'Ignore' } },
      code: 'pod-missed',
      why: /could not reach the webhook/,
    },
    { name: 'none that can be told', code: 'pod-missed', why: /nothing in the cluster as it is now explains it/ },
    { name: 'no webhook at all', around: { webhook: 'none' }, code: 'pod-without-webhook', why: /no webhook/ },
    {
      name: 'none while the registration is not known',
      around: { webhook: undefined },
      code: 'pod-missed',
      why: /nothing/,
    },
  ];
  for (const { name, pod: given = pod(), around, code, why } of cases) {
    it(`finds ${name}`, () => {
      const reason = explainNotInjected(given, { ...circumstances, ...around });
      assert.equal(reason.code, code, reason.why);
      assert.match(reason.why, why);
      assert.notEqual(reason.remedy, '');
    });
  }

  it('names who makes the pod anew', () => {
    const ownerReferences = [{ kind: 'ReplicaSet', name: 'web-7c9f', controller: true }];
    const { remedy } = explainNotInjected(pod({ ownerReferences }), circumstances);
    assert.equal(remedy, 'kubectl -n shop delete pod web; its ReplicaSet web-7c9f makes a new one');
  });

  it('takes the annotation of a pod that was made with it for what it is', () => {
    const managedFields = [set('annotations', `${key}/name`, '2026-01-01T11:00:00Z')];
    assert.equal(explainNotInjected(pod({ managedFields }), circumstances).code, 'pod-missed');
  });
});

describe('whyNotCalled', () => {
  it('finds nothing where the API server asks the webhook', () =>
    assert.equal(whyNotCalled(pod(), circumstances), undefined));
  it('finds nothing in what it cannot know', () =>
    assert.equal(
      whyNotCalled(pod(), { namespace: undefined, webhook: undefined, registeredAt: undefined }),
      undefined,
    ));
});

describe('findSimilarLabel', () => {
  for (const label of [
    'autocert',
    'autocert.step.sn',
    'autocert.step.sm/enabled',
    'autocert.io/inject',
    'autocert-step-sm',
  ]) {
    it(`takes ${label} for what was meant`, () => assert.equal(findSimilarLabel({ [label]: 'enabled' }), label));
  }
  for (const label of ['app', 'kubernetes.io/metadata.name', 'cert-manager.io/inject', 'step.sm', key]) {
    it(`leaves ${label} alone`, () => assert.equal(findSimilarLabel({ [label]: 'x' }), undefined));
  }
});
