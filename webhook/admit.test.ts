import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { V1Secret } from '@kubernetes/client-node';
import { parseWebhookConfig } from '../lib/admission/config/index.ts';
import { AppError } from '../lib/errors/index.ts';
import { silentLogger } from '../lib/log/index.ts';
import { type AdmitDeps, createAdmitHandler } from './admit.ts';
import { notReady } from './errors.ts';
import type { EventDraft } from './events/event.ts';
import { SecretBudget } from './tokens/secret-budget.ts';

const configText = (tokenMode: string): string =>
  JSON.stringify({
    caUrl: 'https://ca.test',
    tokenMode,
    bootstrapper: { image: 'autocert-bootstrapper:test' },
    renewer: { image: 'autocert-renewer:test' },
  });

const pod = {
  metadata: { generateName: 'web-', namespace: 'shop', annotations: { 'autocert.step.sm/name': 'web.shop.svc' } },
  spec: { containers: [{ name: 'app', image: 'app' }] },
};

const review = (object: unknown = pod, dryRun = false): Buffer =>
  Buffer.from(
    JSON.stringify({
      kind: 'AdmissionReview',
      apiVersion: 'admission.k8s.io/v1',
      request: {
        uid: 'u-1',
        kind: { version: 'v1', kind: 'Pod' },
        namespace: 'shop',
        operation: 'CREATE',
        object,
        dryRun,
      },
    }),
  );

/** A handler whose Secrets and tokens go where the test can see them. */
function setUp(tokenMode: 'secret' | 'service-account', changes: Partial<AdmitDeps> = {}) {
  const created: { namespace: string; secret: V1Secret; timeoutMs: number | undefined }[] = [];
  const tokens: string[] = [];
  const drafts: EventDraft[] = [];
  const admit = createAdmitHandler({
    config: parseWebhookConfig(configText(tokenMode), { PROVISIONER_NAME: 'autocert', NAMESPACE: 'step' }),
    issuer: {
      mint: ({ subject, sans }) => ({ token: `token for ${subject} ${sans}`, expiresAt: 300_000 }),
      fingerprint: () => 'f00d',
    },
    budget: new SecretBudget(2),
    clock: { now: () => 0 },
    secrets: {
      async createSecret(namespace, secret, timeoutMs) {
        created.push({ namespace, secret, timeoutMs });
        return 'web.shop.svc-abcde';
      },
    },
    clusterFacts: () => ({ nativeSidecars: true }),
    log: silentLogger,
    metrics: { token: (_, result) => tokens.push(result) },
    events: { record: (draft) => drafts.push(draft) },
    ...changes,
  });
  return { admit, created, tokens, drafts };
}

type Response = { allowed: boolean; patch?: string; status?: { code: number; message: string } };
const responseOf = (outcome: { answer: { body: unknown } }): Response =>
  (outcome.answer.body as { response: Response }).response;
const patchOf = (outcome: { answer: { body: unknown } }): string =>
  Buffer.from(responseOf(outcome).patch ?? '', 'base64').toString();

describe('createAdmitHandler', () => {
  it('makes a Secret within the time of the API server and refers to it', async () => {
    const { admit, created, tokens } = setUp('secret');
    const outcome = await admit(review(), 10_000);
    assert.deepEqual([outcome.decision, outcome.reason, tokens], ['inject', 'ok', ['ok']]);
    const [{ namespace, secret, timeoutMs } = {}, ...more] = created;
    assert.deepEqual([more.length, namespace, timeoutMs], [0, 'shop', 6000]);
    assert.equal(secret?.metadata?.generateName, 'web.shop.svc-');
    assert.match(patchOf(outcome), /"name":"web\.shop\.svc-abcde"/);
  });

  it('says in the log who asked for what, and nothing secret', async () => {
    const { fields } = await setUp('secret').admit(review(), 10_000);
    assert.deepEqual(fields, {
      uid: 'u-1',
      namespace: 'shop',
      generateName: 'web-',
      operation: 'CREATE',
      user: '',
      subject: 'web.shop.svc',
      sans: ['web.shop.svc'],
    });
  });

  it('denies with 429 what would be more Secrets than a namespace may have', async () => {
    const { admit, created, tokens } = setUp('secret');
    for (let time = 0; time < 2; time++) await admit(review(), 10_000);
    const { status } = responseOf(await admit(review(), 10_000));
    assert.equal(status?.code, 429);
    assert.match(status?.message ?? '', /"shop" has .* Secrets.*tokenSecretLimit.*ERR_TOKEN_SECRET_LIMIT/);
    assert.deepEqual([created.length, tokens], [2, ['ok', 'ok', 'ERR_TOKEN_SECRET_LIMIT']]);
  });

  it('makes nothing on a dry run', async () => {
    const { admit, created } = setUp('secret');
    const outcome = await admit(review(pod, true), 10_000);
    assert.equal(created.length, 0);
    assert.match(patchOf(outcome), /web\.shop\.svc-dryrun/);
  });

  it('makes no second Secret for a pod that is injected already', async () => {
    const { admit, created } = setUp('secret');
    const { default: patcher } = await import('fast-json-patch');
    const patch = JSON.parse(patchOf(await admit(review(), 10_000)));
    const injected = patcher.applyPatch(structuredClone(pod), patch).newDocument;
    const outcome = await admit(review(injected), 10_000);
    assert.deepEqual([outcome.decision, outcome.reason], ['skip', 'already-injected']);
    assert.equal(created.length, 1);
  });

  it('makes no token at admission in token mode service-account', async () => {
    const { admit, created, tokens } = setUp('service-account');
    const outcome = await admit(review(), 10_000);
    assert.equal(outcome.decision, 'inject');
    assert.deepEqual([created, tokens], [[], []]);
    assert.doesNotMatch(patchOf(outcome), /STEP_TOKEN/);
  });

  it('denies with 503 while it cannot make tokens, and says why', async () => {
    const late = {
      mint: () => {
        throw notReady('the CA is late');
      },
      fingerprint: () => 'f00d',
    };
    const { admit, tokens } = setUp('secret', { issuer: late });
    const outcome = await admit(review(), 10_000);
    const { allowed, status } = responseOf(outcome);
    assert.deepEqual([outcome.decision, outcome.reason, allowed, status?.code], ['deny', 'ERR_NOT_READY', false, 503]);
    assert.match(status?.message ?? '', /the CA is late/);
    assert.deepEqual(tokens, ['ERR_NOT_READY']);
  });

  it('denies with 503 when the Secret is refused, with the remedy and without what the API server said', async () => {
    const refusal = new AppError('ERR_KUBERNETES_REFUSED', 'forbidden', 'kubernetes: a detail', {
      hint: 'add the rule',
    });
    const { admit, tokens } = setUp('secret', { secrets: { createSecret: () => Promise.reject(refusal) } });
    const { status } = responseOf(await admit(review(), 10_000));
    assert.equal(status?.code, 503);
    assert.match(status?.message ?? '', /add the rule/);
    assert.doesNotMatch(status?.message ?? '', /a detail/);
    assert.deepEqual(tokens, ['ERR_KUBERNETES_REFUSED']);
  });

  it('denies with 500 and shows nothing of a fault of its own', async () => {
    const clusterFacts = (): never => {
      throw new Error('secret detail');
    };
    const outcome = await setUp('secret', { clusterFacts }).admit(review(), 10_000);
    assert.deepEqual([outcome.reason, responseOf(outcome).status?.code], ['ERR_INTERNAL', 500]);
    assert.ok(!JSON.stringify(outcome.answer).includes('secret detail'));
  });

  it('tells what it did, and nothing on a dry run', async () => {
    const { admit, drafts } = setUp('secret');
    await admit(review(pod, true), 10_000);
    assert.equal(drafts.length, 0);
    await admit(review(), 10_000);
    await admit(
      review({ ...pod, metadata: { ...pod.metadata, annotations: { 'autocert.step.sm/name': 'ä' } } }),
      10_000,
    );
    assert.deepEqual(
      drafts.map(({ reason, subject }) => [reason, subject.kind, subject.name]),
      [
        ['AutocertInjected', 'Pod', 'web-'],
        ['AutocertDenied', 'Pod', 'web-'],
      ],
    );
  });

  it('tells why it could not inject', async () => {
    const { admit, drafts } = setUp('secret', { secrets: { createSecret: () => Promise.reject(new Error('detail')) } });
    await admit(review(), 10_000);
    assert.match(drafts[0]?.message ?? '', /ERR_TOKEN_SECRET/);
    assert.doesNotMatch(drafts[0]?.message ?? '', /detail/);
  });

  it('answers what is no review as an HTTP error', async () => {
    const outcome = await setUp('secret').admit(Buffer.from('{}'), 10_000);
    assert.deepEqual([outcome.decision, outcome.reason, outcome.answer.status], ['error', 'ERR_ADMISSION_REVIEW', 400]);
  });
});
