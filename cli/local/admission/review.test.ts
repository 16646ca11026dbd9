import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Pod } from '../manifests/objects.ts';
import { applyPodDefaults, buildReview, processReview } from './review.ts';

const pod: Pod = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { generateName: 'web-abcde-', namespace: 'apps' },
  spec: { containers: [{ name: 'web', image: 'web' }] },
};
const base64 = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64');
const review = (response: Record<string, unknown>) => ({
  apiVersion: 'admission.k8s.io/v1',
  kind: 'AdmissionReview',
  response: { uid: 'u', allowed: true, ...response },
});

describe('buildReview', () => {
  it('wraps a pod as the API server does: no name where there is only generateName', () => {
    const { request, ...envelope } = buildReview(pod, 'u') as { request: Record<string, unknown> };
    assert.deepEqual(envelope, { kind: 'AdmissionReview', apiVersion: 'admission.k8s.io/v1' });
    assert.equal(request.uid, 'u');
    assert.equal(request.namespace, 'apps');
    assert.equal(request.operation, 'CREATE');
    assert.equal(request.dryRun, false);
    assert.equal(request.object, pod);
    assert.ok(!('name' in request));
  });

  it('fills in what the API server fills in before, and keeps what the pod says', () => {
    const { spec } = applyPodDefaults({
      ...pod,
      spec: { ...pod.spec, restartPolicy: 'Never', serviceAccountName: 'web' },
    });
    assert.equal(spec.restartPolicy, 'Never');
    assert.equal(spec.serviceAccount, 'web');
    assert.equal(spec.terminationGracePeriodSeconds, 30);
    assert.equal(applyPodDefaults(pod).spec.serviceAccountName, 'default');
  });
});

describe('processReview', () => {
  const process = (answer: unknown) => processReview('a.yaml: Pod web', pod, 'u', answer);

  it('leaves a pod alone without a patch, and hands on warnings', () =>
    assert.deepEqual(process(review({ warnings: ['careful'] })), { pod, warnings: ['careful'], patched: false }));

  it('applies the patch', () => {
    const patch = base64([{ op: 'add', path: '/spec/volumes', value: [{ name: 'certs', emptyDir: {} }] }]);
    const admitted = process(review({ patchType: 'JSONPatch', patch }));
    assert.deepEqual(admitted.pod.spec.volumes, [{ name: 'certs', emptyDir: {} }]);
    assert.equal(admitted.patched, true);
  });

  it('tells a denial as kubectl would', () =>
    assert.throws(() => process(review({ allowed: false, status: { code: 422, message: 'name: not a DNS name' } })), {
      code: 'ERR_LOCAL_POD_DENIED',
      message: 'a.yaml: Pod web: admission webhook denied the request (422): name: not a DNS name',
    }));

  const broken: { name: string; answer: unknown }[] = [
    { name: 'nothing', answer: null },
    { name: 'no AdmissionReview', answer: { ...review({}), kind: 'Status' } },
    { name: 'an answer without version', answer: { ...review({}), apiVersion: undefined } },
    { name: 'an answer to another request', answer: review({ uid: 'other' }) },
    { name: 'a patch of unknown type', answer: review({ patch: base64([]) }) },
    { name: 'a patch that is not JSON', answer: review({ patchType: 'JSONPatch', patch: '!' }) },
    {
      name: 'a patch that does not fit',
      answer: review({ patchType: 'JSONPatch', patch: base64([{ op: 'remove', path: '/spec/x' }]) }),
    },
    {
      name: 'a patch that breaks the pod',
      answer: review({ patchType: 'JSONPatch', patch: base64([{ op: 'remove', path: '/spec/containers' }]) }),
    },
  ];
  for (const { name, answer } of broken) {
    it(`refuses ${name}`, () => assert.throws(() => process(answer), { code: 'ERR_LOCAL_ADMISSION' }));
  }
});
