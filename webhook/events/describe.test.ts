import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseWebhookConfig } from '../../lib/admission/config/index.ts';
import { decideInjection, parseAdmissionReview, type Review } from '../../lib/admission/index.ts';
import { AppError } from '../../lib/errors/index.ts';
import { describeAdmission, describeRefusedBootstrap } from './describe.ts';
import { buildEvent } from './event.ts';

const config = parseWebhookConfig(
  JSON.stringify({
    caUrl: 'https://ca.test',
    tokenMode: 'service-account',
    bootstrapper: { image: 'autocert-bootstrapper:test' },
    renewer: { image: 'autocert-renewer:test' },
  }),
  { PROVISIONER_NAME: 'autocert', NAMESPACE: 'step' },
);

type Metadata = Record<string, unknown>;
const replicaSet = { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'web-5d4', uid: 'rs-1', controller: true };

function reviewOf(metadata: Metadata, changes: { request?: object; spec?: object } = {}): Review {
  const object = { metadata, spec: { containers: [{ name: 'app', image: 'app' }], ...changes.spec } };
  return parseAdmissionReview({
    kind: 'AdmissionReview',
    apiVersion: 'admission.k8s.io/v1',
    request: {
      uid: 'u-1',
      kind: { version: 'v1', kind: 'Pod' },
      namespace: 'shop',
      operation: 'CREATE',
      object,
      ...changes.request,
    },
  });
}

const named = (name: string): Metadata => ({ annotations: { 'autocert.step.sm/name': name } });
const eventOf = (review: Review) =>
  describeAdmission(review, decideInjection(review, config, { nativeSidecars: true }));

describe('describeAdmission', () => {
  it('tells an injection at the controller of the pod', () => {
    const review = reviewOf({ ...named('web.shop.svc'), generateName: 'web-5d4-', ownerReferences: [replicaSet] });
    assert.deepEqual(eventOf(review), {
      subject: { apiVersion: 'apps/v1', kind: 'ReplicaSet', namespace: 'shop', name: 'web-5d4', uid: 'rs-1' },
      type: 'Normal',
      reason: 'AutocertInjected',
      message: 'certificate for "web.shop.svc": pod injected (renewer as native sidecar, token mode service-account)',
    });
  });
  it('tells it at the pod where nobody controls it, which has no uid yet', () => {
    const { subject, awaitsUid } = eventOf(reviewOf({ ...named('web.shop.svc'), name: 'web' })) ?? {};
    assert.deepEqual([subject, awaitsUid], [{ apiVersion: 'v1', kind: 'Pod', namespace: 'shop', name: 'web' }, true]);
  });
  it('takes the prefix of a pod that has no name yet, and waits for no uid of it', () => {
    const { subject, awaitsUid } = eventOf(reviewOf({ ...named('web.shop.svc'), generateName: 'web-' })) ?? {};
    assert.deepEqual([subject?.name, awaitsUid], ['web-', undefined]);
  });
  it('tells a denial in the words of the answer: rule, remedy, code', () => {
    const event = eventOf(reviewOf({ ...named('not a name'), ownerReferences: [replicaSet] }));
    assert.deepEqual([event?.type, event?.reason, event?.subject.kind], ['Warning', 'AutocertDenied', 'ReplicaSet']);
    assert.match(event?.message ?? '', /autocert\.step\.sm\/name.*"not a name".*\[ERR_NAME_INVALID\]$/);
  });
  it('shows nothing of a fault of our own', () => {
    const error = new AppError('ERR_INTERNAL', 'internal', 'secret detail', { hint: 'secret remedy' });
    const event = describeAdmission(reviewOf({ name: 'web' }), { kind: 'deny', error });
    assert.doesNotMatch(event?.message ?? 'secret', /secret/);
  });

  const skips: [name: string, metadata: Metadata, spec: object, want: RegExp][] = [
    ['a pod for Windows', named('web.shop.svc'), { os: { name: 'windows' } }, /Windows/],
    [
      'a mirror pod',
      { annotations: { 'autocert.step.sm/name': 'web.shop.svc', 'kubernetes.io/config.mirror': 'x' } },
      {},
      /static pod/,
    ],
    [
      'annotations without a name',
      { annotations: { 'autocert.step.sm/duration': '1h' } },
      {},
      /duration has no effect/,
    ],
  ];
  for (const [name, metadata, spec, want] of skips) {
    it(`says why it skipped: ${name}`, () => {
      const event = eventOf(reviewOf({ ...metadata, name: 'web' }, { spec }));
      assert.deepEqual([event?.reason, event?.type], ['AutocertSkipped', 'Warning']);
      assert.match(event?.message ?? '', want);
    });
  }
  it('tells a mirror pod at the pod, since a Node is in no namespace', () => {
    const node = { apiVersion: 'v1', kind: 'Node', name: 'n1', uid: 'n-1', controller: true };
    const annotations = { 'autocert.step.sm/name': 'web.shop.svc', 'kubernetes.io/config.mirror': 'x' };
    assert.equal(eventOf(reviewOf({ annotations, name: 'web-n1', ownerReferences: [node] }))?.subject.kind, 'Pod');
  });

  for (const [name, review] of [
    ['a pod that asks for nothing', reviewOf({ name: 'web' })],
    ['a dry run', reviewOf({ ...named('web.shop.svc'), name: 'web' }, { request: { dryRun: true } })],
    ['an update', reviewOf({ ...named('web.shop.svc'), name: 'web' }, { request: { operation: 'UPDATE' } })],
    ['another kind', reviewOf({ ...named('x'), name: 'web' }, { request: { kind: { kind: 'Service' } } })],
    ['a pod of no name at all', reviewOf(named('web.shop.svc'))],
  ] as const) {
    it(`tells nothing of ${name}`, () => assert.equal(eventOf(review), undefined));
  }

  for (const [name, metadata] of [
    ['null', null],
    ['a list', []],
    ['owners that are no list', { ownerReferences: 'all' }],
    ['owners of odd types', { name: 'web', ownerReferences: [null, 1, { controller: true, kind: 1, name: {} }] }],
    ['a name without end', { name: 'x'.repeat(1000) }],
  ] as const) {
    it(`does not stumble over metadata that is ${name}`, () => {
      const review = reviewOf(metadata as never);
      const event = describeAdmission(review, { kind: 'deny', error: new AppError('ERR_X', 'invalid', 'no') });
      assert.ok(event === undefined || (event.subject.kind === 'Pod' && event.subject.name === 'web'));
    });
  }
});

describe('buildEvent', () => {
  const error = new AppError('ERR_BOOTSTRAP_CSR', 'invalid', `a\nb ${'x'.repeat(2000)}`);
  const draft = describeRefusedBootstrap({ namespace: 'shop', podName: 'web-0', podUid: 'p-1' }, error);

  it('is what kubectl describe finds: object, uid, counts, whole seconds', () => {
    const event = buildEvent(draft, { count: 3, firstAt: 1_000_123, lastAt: 2_000_999 }, 'f00d');
    assert.deepEqual([event.metadata.name, event.metadata.namespace], ['web-0.f00d', 'shop']);
    assert.deepEqual([event.involvedObject.uid, event.count], ['p-1', 3]);
    assert.deepEqual([event.firstTimestamp?.getTime(), event.lastTimestamp?.getTime()], [1_000_000, 2_000_000]);
  });
  it('keeps its message on one line and within what the API server takes', () => {
    const { message = '' } = buildEvent(draft, { count: 1, firstAt: 0, lastAt: 0 }, 'f');
    assert.equal(message.length, 1024);
    assert.ok(message.startsWith('a b x') && message.endsWith('…'));
  });
  it('has a name that the API server takes, whatever the object is called', () => {
    for (const name of ['web-', 'Web_1', '-', 'ä', 'a'.repeat(253)]) {
      const event = buildEvent(
        { ...draft, subject: { ...draft.subject, name } },
        { count: 1, firstAt: 0, lastAt: 0 },
        'f',
      );
      assert.match(event.metadata.name ?? '', /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/);
      assert.ok((event.metadata.name ?? '').length <= 253);
    }
  });
});
