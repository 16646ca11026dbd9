/** The two ends of admission: what is taken for a review, and what an answer looks like. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  type Admitted,
  admit,
  admitBody,
  at,
  configOf,
  ownConfigText,
  podOf,
  reviewBody,
} from '../../test/fixtures/admission.ts';
import { AppError, type ErrorKind } from '../errors/index.ts';
import { type JsonObject, parseAdmissionReview, renderResponse } from './index.ts';

const name = 'web.default.svc';
const body = reviewBody(podOf({ name }));
const request = body.request as JsonObject;

describe('parseAdmissionReview', () => {
  it('reads what the decision needs', () => {
    const { object, ...review } = parseAdmissionReview(reviewBody('x', { dryRun: true, subResource: 's' }, 'v1beta1'));
    assert.equal(object, 'x');
    assert.deepEqual(review, {
      apiVersion: 'admission.k8s.io/v1beta1',
      uid: '11111111-2222-3333-4444-555555555555',
      namespace: 'default',
      name: 'web',
      operation: 'CREATE',
      kind: { group: '', version: 'v1', kind: 'Pod' },
      subResource: 's',
      dryRun: true,
      username: 'system:serviceaccount:kube-system:replicaset-controller',
    });
  });

  it('takes null for absent, as Go does', () => {
    const nulls = {
      name: null,
      namespace: null,
      operation: null,
      kind: null,
      userInfo: null,
      dryRun: null,
      subResource: null,
    };
    const review = parseAdmissionReview({ ...body, request: { ...request, ...nulls } });
    assert.deepEqual([review.name, review.namespace, review.dryRun, review.kind.kind], ['', '', false, '']);
  });

  const rows: [what: string, body: unknown, problem: RegExp][] = [
    ['nothing', undefined, /the body is missing/],
    ['null', null, /the body is null/],
    ['a text', 'hello', /the body is "hello"/],
    ['a list', [body], /the body is a list/],
    ['an empty object', {}, /kind is missing/],
    ['another kind', { kind: 'Pod', apiVersion: 'v1' }, /kind is "Pod"/],
    ['no version', { ...body, apiVersion: undefined }, /apiVersion is missing/],
    ['another version', { ...body, apiVersion: 'admission.k8s.io/v2' }, /apiVersion is "admission\.k8s\.io\/v2"/],
    ['another group', { ...body, apiVersion: 'admission.x.io/v1' }, /apiVersion is/],
    ['a version that is no text', { ...body, apiVersion: ['admission.k8s.io/v1'] }, /apiVersion is a list/],
    ['no request', { ...body, request: undefined }, /request is missing/],
    ['null for a request', { ...body, request: null }, /request is null/],
    ['a list for a request', { ...body, request: [request] }, /request is a list/],
    ['no uid', { ...body, request: { ...request, uid: undefined } }, /request\.uid is missing/],
    ['an empty uid', { ...body, request: { ...request, uid: '' } }, /request\.uid is missing/],
    ['a number for a uid', { ...body, request: { ...request, uid: 1 } }, /uid is a number/],
    ['a number for a namespace', { ...body, request: { ...request, namespace: 1 } }, /namespace is a number/],
    ['text for dryRun', { ...body, request: { ...request, dryRun: 'true' } }, /dryRun is "true", not a boolean/],
    ['an answer', { ...body, request: undefined, response: { uid: 'x', allowed: true } }, /request is missing/],
  ];
  for (const [what, value, problem] of rows) {
    it(`refuses ${what}`, () =>
      assert.throws(() => parseAdmissionReview(value), {
        code: 'ERR_ADMISSION_REVIEW',
        kind: 'invalid',
        message: problem,
      }));
  }

  it('survives any JSON', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (whole, part) => {
        for (const value of [
          whole,
          { ...body, request: part },
          { ...body, request: { ...request, kind: part, userInfo: part } },
        ]) {
          try {
            parseAdmissionReview(value);
          } catch (error) {
            assert.ok(error instanceof AppError, String(error));
          }
        }
      }),
    );
  });
});

describe('an answer', () => {
  const responseOf = (result: Admitted): JsonObject => at<JsonObject>(result.response, 'response') ?? {};

  for (const version of ['v1', 'v1beta1']) {
    it(`is an AdmissionReview of ${version} with the uid of the request, when that was one`, () => {
      for (const object of [podOf({}), podOf({ name }), podOf({ name: 'no good' })]) {
        const { response } = admitBody(reviewBody(object, { uid: 'abc' }, version));
        assert.equal(response.kind, 'AdmissionReview');
        assert.equal(response.apiVersion, `admission.k8s.io/${version}`);
        assert.equal(at(response, 'response.uid'), 'abc');
      }
    });
  }

  it('is no more than yes to a pod that asks for nothing', () =>
    assert.deepEqual(responseOf(admit(podOf({}))), { uid: '11111111-2222-3333-4444-555555555555', allowed: true }));

  it('carries the patch in base64, and says in the audit log what was granted', () => {
    const result = admit(podOf({ name, sans: 'web.default.svc,10.0.0.7', mode: '0600' }));
    const { patch, patchType, auditAnnotations, allowed } = responseOf(result);
    assert.deepEqual([allowed, patchType], [true, 'JSONPatch']);
    assert.deepEqual(JSON.parse(Buffer.from(String(patch), 'base64').toString()), result.patch);
    assert.deepEqual(auditAnnotations, {
      decision: 'inject',
      name,
      sans: 'web.default.svc,10.0.0.7',
      'token-mode': 'service-account',
      'key-mode': '0600',
      sidecar: 'native',
    });
  });

  it('has no patch when there is nothing to change, and says nothing a second time in the audit log', () => {
    const again = admit(admit(podOf({ name })).pod);
    assert.deepEqual(responseOf(again), { uid: '11111111-2222-3333-4444-555555555555', allowed: true });
  });

  it('denies with code, reason, the rule, the remedy and the stable code', () => {
    const config = configOf(ownConfigText, { restrictCertificatesToNamespace: true });
    const { allowed, status, patch, auditAnnotations } = responseOf(
      admit(podOf({ name: 'web.other.svc' }), { config }),
    );
    assert.deepEqual([allowed, patch], [false, undefined]);
    assert.deepEqual(status, {
      metadata: {},
      status: 'Failure',
      message:
        'annotation autocert.step.sm/name: "web.other.svc" matches a namespace other than "default" and is not permitted; use a name that ends in .default.svc or .default.svc.cluster.local, or set restrictCertificatesToNamespace to false in the webhook\'s config.yaml [ERR_NAME_FORBIDDEN]',
      reason: 'Forbidden',
      code: 403,
    });
    assert.deepEqual(auditAnnotations, { decision: 'deny', code: 'ERR_NAME_FORBIDDEN' });
  });

  const kinds: [kind: ErrorKind, code: number, reason: string][] = [
    ['invalid', 422, 'Invalid'],
    ['unauthenticated', 401, 'Unauthorized'],
    ['forbidden', 403, 'Forbidden'],
    ['not-found', 404, 'NotFound'],
    ['conflict', 409, 'Conflict'],
    ['rate-limited', 429, 'TooManyRequests'],
    ['unavailable', 503, 'ServiceUnavailable'],
    ['internal', 500, 'InternalError'],
  ];
  for (const [kind, code, reason] of kinds) {
    it(`renders ${kind} as ${code}`, () => {
      const error = new AppError('ERR_TEST', kind, 'detail', { hint: 'remedy' });
      const status = at<JsonObject>(
        renderResponse(parseAdmissionReview(body), { kind: 'deny', error }),
        'response.status',
      );
      assert.deepEqual([status?.code, status?.reason], [code, reason]);
      assert.equal(String(status?.message).includes('detail; remedy'), kind !== 'internal');
    });
  }

  it('has short warnings of one line', () => {
    const { warnings } = responseOf(admit(podOf({ name, [`un\u001b\n${'x'.repeat(300)}`]: 'y' })));
    assert.ok(Array.isArray(warnings));
    for (const warning of warnings) {
      assert.ok(typeof warning === 'string' && Array.from(warning).length <= 120, String(warning));
      assert.doesNotMatch(warning, /\p{Cc}/u);
    }
  });

  it('stays small when a pod has a thousand wrong annotations', () => {
    const wrong = Object.fromEntries(Array.from({ length: 1000 }, (_, index) => [`wrong-${index}`, 'x']));
    const { warnings } = responseOf(admit(podOf({ name, ...wrong })));
    assert.ok(Array.isArray(warnings) && warnings.length <= 20);
  });
});

describe('a dry run', () => {
  it('is answered as the real request', () => {
    const real = admit(podOf({ name }));
    const dry = admitBody(reviewBody(podOf({ name }), { dryRun: true }));
    assert.deepEqual(dry.response, real.response);
  });
});
