/** The webhook and an API server that hangs or refuses: answers in time, and reasons that say what to do. */
import assert from 'node:assert/strict';
import { after, afterEach, before, describe, it } from 'node:test';
import { generatePrivateKey } from '../../lib/crypto/index.ts';
import { encodePem } from '../../lib/encoding/index.ts';
import { buildCertificateRequest } from '../../lib/x509/index.ts';
import {
  answerJson,
  answerStatus,
  type FakeHandler,
  type FakeKubernetes,
  startFakeKubernetes,
} from '../fakes/kubernetes.ts';
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

/** Says its version and refuses the rest. */
const refuse: FakeHandler = (request, response) => {
  if (request.url?.startsWith('/version')) {
    return answerJson(response, 200, { major: '1', minor: '37', gitVersion: 'v1.37.2' });
  }
  return answerStatus(response, 403, 'Forbidden', 'User "autocert" cannot do that');
};

describe('webhook and an API server in trouble', () => {
  let authority: WebhookAuthority;
  let kubernetes: FakeKubernetes;
  let webhook: TestWebhook | undefined;
  before(async () => {
    authority = await createAuthority('step-ca');
    await authority.start();
    kubernetes = await startFakeKubernetes(refuse);
  });
  afterEach(async () => {
    await webhook?.stop(0);
    webhook = undefined;
    kubernetes.handler = refuse;
  });
  after(async () => {
    await kubernetes?.stop();
    await authority?.remove();
  });

  const start = async (settings: Record<string, unknown>): Promise<TestWebhook> => {
    webhook = await startTestWebhook(authority, kubernetes.kubeconfigPath, settings);
    return webhook;
  };
  const review = reviewOf(podManifest('web', 'default', 'web.default.svc'));

  it('denies before the API server gives up, when a Secret takes too long', async () => {
    const { address } = await start({});
    await untilReady(address);
    kubernetes.handler = () => {}; // hangs
    const { text } = await postReview(address, review, { path: '/mutate?timeout=1s' });
    const { response } = JSON.parse(text) as {
      response: { allowed: boolean; status: { code: number; message: string } };
    };
    assert.deepEqual([response.allowed, response.status.code], [false, 503]);
    assert.match(response.status.message, /ERR_TOKEN_SECRET/);
  });

  it('names the right that a Secret needs', async () => {
    const { address } = await start({});
    await untilReady(address);
    const { text } = await postReview(address, review);
    assert.match(text, /add the rule \{apiGroups: .*resources: .*secrets.*verbs: .*create/);
  });

  it('is not ready without the right to keep caBundle, and names the rule', async () => {
    const { address } = await start({ webhookConfigurationName: 'autocert', tokenMode: 'service-account' });
    const look = () => ask(address, { path: '/readyz' });
    const { text } = await until('the reason', look, (answer) => answer.text.includes('mutatingwebhookconfigurations'));
    const { checks } = JSON.parse(text) as { checks: { caBundle: { hint: string } } };
    assert.equal(
      checks.caBundle.hint,
      'add the rule {apiGroups: ["admissionregistration.k8s.io"], resources: ["mutatingwebhookconfigurations"], verbs: ["get"]} to the role of this program',
    );
  });

  it('lets a pod come again when TokenReview is refused, and logs the rule', async () => {
    const { address, bootstrapAddress, log } = await start({ tokenMode: 'service-account' });
    await untilReady(address);
    const der = buildCertificateRequest({ commonName: '', sans: [], key: await generatePrivateKey() });
    const answer = await ask(bootstrapAddress ?? '', {
      method: 'POST',
      path: '/v1/bootstrap',
      headers: { 'content-type': 'application/json', authorization: 'Bearer token' },
      body: JSON.stringify({ csr: encodePem('CERTIFICATE REQUEST', der) }),
      rootPem: authority.rootPem,
    });
    assert.deepEqual([answer.status, answer.headers['retry-after']], [503, '2']);
    assert.match(JSON.stringify(log), /tokenreviews.*verbs/);
  });

  it('reaches the API server over connections that stay open', async () => {
    const { address } = await start({ nativeSidecar: 'never' });
    await untilReady(address);
    kubernetes.handler = (_, response) => answerJson(response, 201, { metadata: { name: 'web-abcde' } });
    await postReview(address, review);
    const before = kubernetes.connections;
    for (let time = 0; time < 10; time++) await postReview(address, review);
    assert.equal(kubernetes.connections, before);
  });
});
