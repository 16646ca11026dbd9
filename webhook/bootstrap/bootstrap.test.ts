import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { describe, it } from 'node:test';
import type { V1Pod } from '@kubernetes/client-node';
import fc from 'fast-check';
import { generatePrivateKey } from '../../lib/crypto/index.ts';
import { encodePem } from '../../lib/encoding/index.ts';
import { AppError } from '../../lib/errors/index.ts';
import type { TokenReviewResult } from '../../lib/kubernetes/index.ts';
import { silentLogger } from '../../lib/log/index.ts';
import { buildCertificateRequest, parseCertificateRequest } from '../../lib/x509/index.ts';
import type { EventDraft, EventSink } from '../events/event.ts';
import { decideBootstrap, identifyCaller, type PodRules } from './decide-bootstrap.ts';
import { parseBearerToken, parseBootstrapBody } from './request.ts';
import { type BootstrapDeps, createBootstrapHandler } from './serve-bootstrap.ts';

const key = await generatePrivateKey();
const csrDer = (commonName: string, sans: readonly string[]): Buffer =>
  buildCertificateRequest({ commonName, sans, key });
const csrPem = (der: Buffer): string => encodePem('CERTIFICATE REQUEST', der);
const bodyOf = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));

const review: TokenReviewResult = {
  authenticated: true,
  username: 'system:serviceaccount:shop:cart',
  audiences: ['autocert.step.sm'],
  extra: {
    'authentication.kubernetes.io/pod-name': ['cart-0'],
    'authentication.kubernetes.io/pod-uid': ['uid-1'],
    'authentication.kubernetes.io/node-name': ['node-1'],
  },
};

const pod: V1Pod = {
  metadata: { name: 'cart-0', namespace: 'shop', uid: 'uid-1' },
  spec: { serviceAccountName: 'cart', nodeName: 'node-1', containers: [] },
  status: { phase: 'Pending' },
};

const rules: PodRules = {
  grantFor: () => ({ subject: 'cart.shop.svc', sans: ['cart.shop.svc', '10.0.0.1'], notAfter: '24h' }),
  findInjectionProblem: () => undefined,
};

describe('parseBearerToken', () => {
  it('takes the token of a bearer', () => assert.equal(parseBearerToken('bearer  a.b-c_d.e= '), 'a.b-c_d.e='));
  for (const header of [
    undefined,
    '',
    'Bearer',
    'Bearer ',
    'Basic YTpi',
    'Bearer a b',
    `Bearer ${'a'.repeat(20_000)}`,
  ]) {
    it(`refuses ${JSON.stringify(header?.slice(0, 20))}`, () =>
      assert.throws(() => parseBearerToken(header), { code: 'ERR_BOOTSTRAP_TOKEN_MISSING', kind: 'unauthenticated' }));
  }
});

describe('parseBootstrapBody', () => {
  it('reads a certificate request', () => {
    const der = csrDer('cart.shop.svc', ['cart.shop.svc']);
    assert.deepEqual(parseBootstrapBody(bodyOf({ csr: csrPem(der) })).der, der);
  });

  const good = csrPem(csrDer('a', ['a']));
  const rows: [name: string, body: Buffer, code: string][] = [
    ['no JSON', Buffer.from('csr'), 'ERR_BOOTSTRAP_REQUEST'],
    ['no UTF-8', Buffer.from([0x22, 0xff, 0x22]), 'ERR_BOOTSTRAP_REQUEST'],
    ['another type', bodyOf([good]), 'ERR_BOOTSTRAP_REQUEST'],
    ['no csr', bodyOf({}), 'ERR_BOOTSTRAP_REQUEST'],
    ['a csr that is no text', bodyOf({ csr: 7 }), 'ERR_BOOTSTRAP_REQUEST'],
    ['no PEM', bodyOf({ csr: 'csr' }), 'ERR_BOOTSTRAP_REQUEST'],
    ['two requests', bodyOf({ csr: good + good }), 'ERR_BOOTSTRAP_REQUEST'],
    ['a certificate', bodyOf({ csr: good.replaceAll('CERTIFICATE REQUEST', 'CERTIFICATE') }), 'ERR_BOOTSTRAP_REQUEST'],
    ['a request cut off', bodyOf({ csr: csrPem(csrDer('a', []).subarray(0, 40)) }), 'ERR_BOOTSTRAP_REQUEST'],
    ['a request signed by another key', bodyOf({ csr: csrPem(withWrongSignature()) }), 'ERR_BOOTSTRAP_CSR'],
    ['a weak RSA key', bodyOf({ csr: csrPem(weakRequest()) }), 'ERR_BOOTSTRAP_CSR'],
  ];
  for (const [name, body, code] of rows) {
    it(`refuses ${name}`, () => assert.throws(() => parseBootstrapBody(body), { code, kind: 'invalid' }));
  }

  it('refuses any bytes with an error of ours', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 500 }), (bytes) => {
        assert.throws(() => parseBootstrapBody(bodyOf({ csr: csrPem(Buffer.from(bytes)) })), AppError);
      }),
    );
  });
});

function withWrongSignature(): Buffer {
  const der = csrDer('a', ['a']);
  const subject = der.indexOf('a', 20, 'latin1');
  der[subject] = 'b'.charCodeAt(0);
  return der;
}

function weakRequest(): Buffer {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 1024 });
  return buildCertificateRequest({ commonName: 'a', sans: [], key: privateKey });
}

describe('identifyCaller', () => {
  it('reads pod, ServiceAccount and node from the claims', () =>
    assert.deepEqual(identifyCaller(review), {
      namespace: 'shop',
      serviceAccount: 'cart',
      podName: 'cart-0',
      podUid: 'uid-1',
      nodeName: 'node-1',
    }));

  const without = (claim: string) => ({
    ...review,
    extra: { ...review.extra, [`authentication.kubernetes.io/${claim}`]: [] },
  });
  it('does without the node, which old API servers do not name', () =>
    assert.equal(identifyCaller(without('node-name')).nodeName, undefined));

  const rows: [name: string, review: TokenReviewResult, code: string][] = [
    ['a token that is not accepted', { authenticated: false, error: 'expired' }, 'ERR_BOOTSTRAP_TOKEN_REFUSED'],
    ['a token for another audience', { ...review, audiences: ['vault'] }, 'ERR_BOOTSTRAP_TOKEN_REFUSED'],
    ['an API server without audiences', { ...review, audiences: [] }, 'ERR_BOOTSTRAP_TOKEN_REFUSED'],
    ['a token without a pod', without('pod-name'), 'ERR_BOOTSTRAP_TOKEN_UNBOUND'],
    ['a token without a pod uid', without('pod-uid'), 'ERR_BOOTSTRAP_TOKEN_UNBOUND'],
    ['a user', { ...review, username: 'jane' }, 'ERR_BOOTSTRAP_TOKEN_UNBOUND'],
    ['a node', { ...review, username: 'system:node:node-1' }, 'ERR_BOOTSTRAP_TOKEN_UNBOUND'],
  ];
  for (const [name, given, code] of rows)
    it(`refuses ${name}`, () => assert.throws(() => identifyCaller(given), { code }));
});

describe('decideBootstrap', () => {
  const caller = identifyCaller(review);
  const csr = parseCertificateRequest(csrDer('cart.shop.svc', ['cart.shop.svc', '10.0.0.1']));

  it('grants the names of the live pod', () =>
    assert.deepEqual(decideBootstrap(caller, pod, csr, rules), rules.grantFor(pod, 'shop')));

  for (const [name, commonName, sans] of [
    ['no names', '', []],
    ['some of the names', '', ['10.0.0.1']],
    ['the common name alone', 'cart.shop.svc', []],
  ] as const) {
    it(`takes a request with ${name}`, () => {
      decideBootstrap(caller, pod, parseCertificateRequest(csrDer(commonName, sans)), rules);
    });
  }

  const { metadata, status } = pod;
  const rows: [name: string, pod: V1Pod | undefined, code: string][] = [
    ['no pod of that name', undefined, 'ERR_BOOTSTRAP_POD_MISSING'],
    ['a pod that took its place', { ...pod, metadata: { ...metadata, uid: 'uid-2' } }, 'ERR_BOOTSTRAP_POD_MISMATCH'],
    [
      'a pod that is being deleted',
      { ...pod, metadata: { ...metadata, deletionTimestamp: new Date(0) } },
      'ERR_BOOTSTRAP_POD_MISMATCH',
    ],
    ['a pod that has succeeded', { ...pod, status: { ...status, phase: 'Succeeded' } }, 'ERR_BOOTSTRAP_POD_MISMATCH'],
    ['a pod that has failed', { ...pod, status: { ...status, phase: 'Failed' } }, 'ERR_BOOTSTRAP_POD_MISMATCH'],
    [
      'a pod of another ServiceAccount',
      { ...pod, spec: { nodeName: 'node-1', containers: [] } },
      'ERR_BOOTSTRAP_POD_MISMATCH',
    ],
    [
      'a pod on another node',
      { ...pod, spec: { serviceAccountName: 'cart', containers: [], nodeName: 'node-2' } },
      'ERR_BOOTSTRAP_POD_MISMATCH',
    ],
    [
      'a pod on no node',
      { ...pod, spec: { serviceAccountName: 'cart', containers: [] } },
      'ERR_BOOTSTRAP_POD_MISMATCH',
    ],
  ];
  for (const [name, given, code] of rows) {
    it(`refuses ${name}`, () => assert.throws(() => decideBootstrap(caller, given, csr, rules), { code }));
  }

  it('refuses a pod that we did not inject', () =>
    assert.throws(() => decideBootstrap(caller, pod, csr, { ...rules, findInjectionProblem: () => 'is bare' }), {
      code: 'ERR_BOOTSTRAP_NOT_INJECTED',
      message: /shop\/cart-0 is bare/,
    }));

  it('refuses names that admission would refuse now', () => {
    const denial = new AppError('ERR_NAME_FORBIDDEN', 'forbidden', 'no');
    const strict: PodRules = {
      ...rules,
      grantFor() {
        throw denial;
      },
    };
    assert.throws(() => decideBootstrap(caller, pod, csr, strict), denial);
  });

  for (const [name, commonName, sans] of [
    ['another common name', 'root', []],
    ['a further name', 'cart.shop.svc', ['cart.shop.svc', 'bank.shop.svc']],
    ['a further address', 'cart.shop.svc', ['10.0.0.2']],
  ] as const) {
    it(`refuses a request with ${name}`, () => {
      const request = parseCertificateRequest(csrDer(commonName, sans));
      assert.throws(() => decideBootstrap(caller, pod, request, rules), { code: 'ERR_BOOTSTRAP_CSR' });
    });
  }
});

describe('createBootstrapHandler', () => {
  const der = csrDer('', []);
  const good = { authorization: 'Bearer token', body: bodyOf({ csr: csrPem(der) }) };
  const deps = (
    changes: Partial<BootstrapDeps['kubernetes']> = {},
    events: EventSink = { record: () => {} },
  ): BootstrapDeps => ({
    kubernetes: { reviewToken: async () => review, readPod: async () => pod, ...changes },
    rules,
    issuer: {
      mint: (request) => ({ token: `token for ${request.csrDer.toString('hex')}` }),
      fingerprint: () => 'f00d',
    },
    caUrl: 'https://ca.test',
    clock: { now: () => 0 },
    log: silentLogger,
    metrics: { token: () => {} },
    events,
  });
  const statusAndReason = async (handler: ReturnType<typeof createBootstrapHandler>, request = good) => {
    const { answer, reason } = await handler(request);
    return [answer.status, reason];
  };

  it('answers with a token bound to the request, and what the pod needs to use it', async () => {
    const { answer, decision, fields } = await createBootstrapHandler(deps())(good);
    assert.equal(decision, 'grant');
    assert.deepEqual(JSON.parse(JSON.stringify(answer)), {
      status: 200,
      body: {
        ott: `token for ${der.toString('hex')}`,
        caUrl: 'https://ca.test',
        fingerprint: 'f00d',
        subject: 'cart.shop.svc',
        sans: ['cart.shop.svc', '10.0.0.1'],
        notAfter: '24h',
      },
    });
    assert.deepEqual([fields.namespace, fields.pod, fields.podUid], ['shop', 'cart-0', 'uid-1']);
    assert.ok(!JSON.stringify(fields).includes('token for'));
  });

  it('asks nobody about nonsense', async () => {
    const never = (): never => assert.fail('the API server was asked');
    const handler = createBootstrapHandler(deps({ reviewToken: never, readPod: never }));
    assert.deepEqual(await statusAndReason(handler, { ...good, authorization: '' }), [
      401,
      'ERR_BOOTSTRAP_TOKEN_MISSING',
    ]);
    assert.deepEqual(await statusAndReason(handler, { ...good, body: bodyOf({}) }), [422, 'ERR_BOOTSTRAP_REQUEST']);
  });

  it('tells missing rights of ours as something that may pass', async () => {
    const refusal = new AppError(
      'ERR_KUBERNETES_REFUSED',
      'forbidden',
      'kubernetes: create tokenreviews: refused (403)',
    );
    const handler = createBootstrapHandler(deps({ reviewToken: () => Promise.reject(refusal) }));
    const { answer } = await handler(good);
    assert.deepEqual([answer.status, answer.retryAfterMs], [503, 2000]);
    assert.ok(!JSON.stringify(answer.body).includes('tokenreviews'));
  });

  it('lets a pod ask ten times a minute', async () => {
    const handler = createBootstrapHandler(deps());
    for (let time = 0; time < 10; time++) assert.deepEqual(await statusAndReason(handler), [200, 'ok']);
    const { answer } = await handler(good);
    assert.deepEqual([answer.status, answer.retryAfterMs], [429, 6000]);
  });

  it('turns away what is more than it can ask about at once, and recovers', async () => {
    let release = (_: TokenReviewResult): void => {};
    const asked = new Promise<TokenReviewResult>((resolve) => {
      release = resolve;
    });
    let uid = 0;
    const numbered = async (): Promise<TokenReviewResult> => {
      await asked;
      return { ...review, extra: { ...review.extra, 'authentication.kubernetes.io/pod-uid': [`uid-${uid++}`] } };
    };
    const handler = createBootstrapHandler(deps({ reviewToken: numbered }));
    const waiting = Array.from({ length: 32 }, () => handler(good));
    assert.deepEqual(await statusAndReason(handler), [503, 'ERR_BOOTSTRAP_BUSY']);
    release(review);
    await Promise.all(waiting);
    assert.notEqual((await handler(good)).reason, 'ERR_BOOTSTRAP_BUSY');
  });

  it('tells a refusal at the pod that asked, and not what passes by itself', async () => {
    const drafts: EventDraft[] = [];
    const events = { record: (draft: EventDraft) => drafts.push(draft) };
    await createBootstrapHandler(deps({}, events))(good);
    await createBootstrapHandler(deps({ readPod: async () => undefined }, events))(good);
    const away = new AppError('ERR_KUBERNETES_UNREACHABLE', 'unavailable', 'no answer');
    await createBootstrapHandler(deps({ readPod: () => Promise.reject(away) }, events))(good);
    assert.deepEqual(drafts, []);
    const greedy = { ...good, body: bodyOf({ csr: csrPem(csrDer('root', [])) }) };
    await createBootstrapHandler(deps({}, events))(greedy);
    assert.deepEqual(drafts, [
      {
        subject: { apiVersion: 'v1', kind: 'Pod', namespace: 'shop', name: 'cart-0', uid: 'uid-1' },
        type: 'Warning',
        reason: 'AutocertBootstrapRefused',
        message: 'bootstrap: csr: common name "root" is not one of the pod [ERR_BOOTSTRAP_CSR]',
      },
    ]);
  });

  it('shows nothing of a fault of ours', async () => {
    const handler = createBootstrapHandler(deps({ readPod: () => Promise.reject(new Error('secret detail')) }));
    const { answer, reason } = await handler(good);
    assert.deepEqual([answer.status, reason], [500, 'ERR_INTERNAL']);
    assert.ok(!JSON.stringify(answer).includes('secret detail'));
  });
});
