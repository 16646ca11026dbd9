/**
 * The webhook with the real step-ca and the real API server: tokens by Secret and by ServiceAccount, and what it does when
 * the CA is late, goes, and comes back.
 */
import assert from 'node:assert/strict';
import { Agent } from 'node:https';
import { after, before, describe, it } from 'node:test';
import { CaClient } from '../../lib/ca-client/index.ts';
import { generatePrivateKey } from '../../lib/crypto/index.ts';
import { encodePem } from '../../lib/encoding/index.ts';
import { buildCertificateRequest, parseCertificateChainPem } from '../../lib/x509/index.ts';
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

const registration = {
  apiVersion: 'admissionregistration.k8s.io/v1',
  kind: 'MutatingWebhookConfiguration',
  metadata: { name: 'autocert' },
  webhooks: [
    {
      name: 'autocert.step.sm',
      clientConfig: { url: 'https://127.0.0.1:1/mutate' },
      rules: [{ operations: ['CREATE'], apiGroups: [''], apiVersions: ['v1'], resources: ['pods'] }],
      admissionReviewVersions: ['v1'],
      sideEffects: 'NoneOnDryRun',
      objectSelector: { matchLabels: { never: 'matches' } },
    },
  ],
};

type ReviewAnswer = { response: { allowed: boolean; patch?: string; status?: { code: number; message: string } } };
const readAnswer = (text: string): ReviewAnswer['response'] => (JSON.parse(text) as ReviewAnswer).response;
const readPatch = (text: string): { path: string; value: unknown }[] =>
  JSON.parse(Buffer.from(readAnswer(text).patch ?? '', 'base64').toString());

describe('webhook', () => {
  let api: KubernetesApi;
  before(async () => {
    api = await startKubernetesApi();
    await api.kubectl(['create', 'serviceaccount', 'web']);
  });
  after(() => api?.stop());

  describe('in token mode secret', () => {
    let authority: WebhookAuthority;
    let webhook: TestWebhook;
    before(async () => {
      authority = await createAuthority('step-ca');
      await authority.start();
      await api.kubectl(['apply', '-f', '-'], JSON.stringify(registration));
      webhook = await startTestWebhook(authority, api.kubeconfigPath, { webhookConfigurationName: 'autocert' });
      await untilReady(webhook.address);
    });
    after(async () => {
      await webhook?.stop(0);
      await authority?.remove();
    });

    const secrets = async (): Promise<{ metadata: Record<string, unknown>; data: { token: string } }[]> =>
      JSON.parse(await api.kubectl(['get', 'secrets', '--selector=autocert.step.sm/token=true', '--output=json']))
        .items;

    it('serves with a certificate of the CA and puts its root into caBundle', async () => {
      const answer = await ask(webhook.address, { path: '/healthz', rootPem: authority.rootPem });
      assert.deepEqual([answer.status, answer.text], [200, 'ok\n']);
      const path = '{.webhooks[0].clientConfig.caBundle}';
      const bundle = await api.kubectl([
        'get',
        'mutatingwebhookconfiguration',
        'autocert',
        `--output=jsonpath=${path}`,
      ]);
      const [inBundle] = parseCertificateChainPem(Buffer.from(bundle, 'base64').toString());
      assert.deepEqual(inBundle?.der, parseCertificateChainPem(authority.rootPem)[0]?.der);
    });

    it('puts a token that the CA takes into a Secret, and its name into the patch', async () => {
      const review = reviewOf(podManifest('web', 'default', 'web.default.svc'));
      const { status, headers, text } = await postReview(webhook.address, review, { rootPem: authority.rootPem });
      assert.deepEqual([status, headers['content-type']], [200, 'application/json']);
      const [secret, ...more] = await secrets();
      assert.equal(more.length, 0);
      assert.match(String(secret?.metadata.name), /^web\.default\.svc-[a-z0-9]{5}$/);
      assert.ok(JSON.stringify(readPatch(text)).includes(JSON.stringify(secret?.metadata.name)));

      const ott = Buffer.from(secret?.data.token ?? '', 'base64').toString();
      assert.ok(!text.includes(ott) && !JSON.stringify(webhook.log).includes(ott), 'a token left its Secret');
      const key = await generatePrivateKey();
      const csr = buildCertificateRequest({ commonName: 'web.default.svc', sans: ['web.default.svc'], key });
      const ca = new CaClient({ url: authority.url, roots: [authority.rootPem] });
      const { chainPem } = await ca.sign({ csr: encodePem('CERTIFICATE REQUEST', csr), ott });
      assert.deepEqual(parseCertificateChainPem(chainPem[0] ?? '')[0]?.sans.dns, ['web.default.svc']);
      await api.kubectl(['delete', 'secrets', '--selector=autocert.step.sm/token=true']);
    });

    it('makes nothing on a dry run and patches as if it had', async () => {
      const { text } = await postReview(
        webhook.address,
        reviewOf(podManifest('web', 'default', 'web.default.svc'), { dryRun: true }),
      );
      assert.match(JSON.stringify(readPatch(text)), /web\.default\.svc-dryrun/);
      assert.deepEqual(await secrets(), []);
    });

    it('denies a name of another namespace and logs one line without the pod', async () => {
      const from = webhook.log.length;
      const { text } = await postReview(webhook.address, reviewOf(podManifest('web', 'default', 'bank.prod.svc')));
      const { allowed, status } = readAnswer(text);
      assert.deepEqual([allowed, status?.code], [false, 403]);
      const [line, ...more] = webhook.log.slice(from);
      assert.deepEqual(more, []);
      const { decision, reason, namespace, podName, uid } = line ?? {};
      assert.deepEqual([decision, reason, namespace, podName], ['deny', 'ERR_NAME_FORBIDDEN', 'default', 'web']);
      assert.equal(uid, '705ab4f5-6393-11e8-b7cc-42010a800002');
    });

    it('denies with 503 when the Secret cannot be made, in a namespace that is not there', async () => {
      const { text } = await postReview(webhook.address, reviewOf(podManifest('web', 'nowhere', 'web.nowhere.svc')));
      const { allowed, status } = readAnswer(text);
      assert.deepEqual([allowed, status?.code], [false, 503]);
      assert.match(status?.message ?? '', /ERR_TOKEN_SECRET/);
    });

    it('sweeps Secrets whose token has expired, of upstream too, when it starts', async () => {
      const labels = { 'autocert.step.sm/token': 'true' };
      const manifest = (name: string, expires: string) => ({
        apiVersion: 'v1',
        kind: 'Secret',
        metadata: { name, namespace: 'default', labels, annotations: { 'autocert.step.sm/expires': expires } },
      });
      const list = [manifest('expired', '2020-01-01T00:00:00Z'), manifest('live', '2199-01-01T00:00:00Z')];
      const items = { apiVersion: 'v1', kind: 'List', items: list };
      await api.kubectl(['apply', '-f', '-'], JSON.stringify(items));
      const second = await startTestWebhook(authority, api.kubeconfigPath);
      try {
        const left = await until('swept', secrets, (seen) => seen.length === 1);
        assert.equal(left[0]?.metadata.name, 'live');
      } finally {
        await second.stop(0);
        await api.kubectl(['delete', 'secret', 'live']);
      }
    });

    it('shows its decisions as metrics', async () => {
      const { text, headers } = await ask(webhook.address, { path: '/metrics' });
      assert.match(String(headers['content-type']), /^text\/plain/);
      assert.match(text, /autocert_admissions_total\{decision="deny",reason="ERR_NAME_FORBIDDEN"\} 1/);
      assert.match(text, /autocert_tokens_total\{mode="secret",result="ok"\} 1/);
      assert.match(text, /autocert_check\{check="caBundle"\} 1/);
      assert.match(text, /autocert_serving_certificate_not_after_seconds 1\d{9}/);
    });
  });

  describe('in token mode service-account', () => {
    let authority: WebhookAuthority;
    let webhook: TestWebhook;
    before(async () => {
      authority = await createAuthority('step-ca');
      await authority.start();
      webhook = await startTestWebhook(authority, api.kubeconfigPath, { tokenMode: 'service-account' });
      await untilReady(webhook.address);
    });
    after(async () => {
      await webhook?.stop(0);
      await authority?.remove();
    });

    /** Creates a pod, injected by the webhook, on a node; answers what a bootstrapper in it would have. */
    async function runPod(name: string, certificateName: string, inject = true) {
      let pod: unknown = podManifest(name, 'default', certificateName);
      if (inject) pod = await injected(webhook, pod);
      const bound = {
        ...(pod as { spec: object }),
        spec: { ...(pod as { spec: object }).spec, nodeName: 'node-1', serviceAccountName: 'web' },
      };
      const created = await api.call('POST', '/api/v1/namespaces/default/pods', bound);
      assert.equal(created.status, 201, JSON.stringify(created.body));
      const { uid } = (created.body as { metadata: { uid: string } }).metadata;
      const who = { namespace: 'default', name, uid, serviceAccount: 'web' };
      return { uid, bearer: await api.podToken(who, 'autocert.step.sm'), who };
    }

    async function bootstrap(bearer: string, commonName: string, sans: readonly string[]) {
      const key = await generatePrivateKey();
      const csr = encodePem('CERTIFICATE REQUEST', buildCertificateRequest({ commonName, sans, key }));
      const answer = await ask(webhook.bootstrapAddress ?? '', {
        method: 'POST',
        path: '/v1/bootstrap',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${bearer}` },
        body: JSON.stringify({ csr }),
        rootPem: authority.rootPem,
      });
      return { status: answer.status, body: JSON.parse(answer.text) as Record<string, string>, csr };
    }

    it('gives a pod a token for its request, and the CA takes it for no other', async () => {
      const { bearer } = await runPod('one', 'web.default.svc');
      const { status, body, csr } = await bootstrap(bearer, 'web.default.svc', ['web.default.svc']);
      assert.equal(status, 200, JSON.stringify(body));
      assert.deepEqual(
        [body.subject, body.sans, body.notAfter, body.caUrl],
        ['web.default.svc', ['web.default.svc'], '24h', authority.url],
      );
      const ca = new CaClient({ url: authority.url, roots: [authority.rootPem] });
      assert.equal(await ca.root(body.fingerprint ?? ''), authority.rootPem);
      const other = await bootstrap(bearer, '', []);
      await assert.rejects(ca.sign({ csr: other.csr, ott: body.ott ?? '' }), { code: 'ERR_CA_REFUSED' });
      const { chainPem } = await ca.sign({ csr: other.csr, ott: other.body.ott ?? '' });
      assert.deepEqual(parseCertificateChainPem(chainPem[0] ?? '')[0]?.sans.dns, ['web.default.svc']);
      assert.ok(csr);
      const text = JSON.stringify(webhook.log);
      assert.ok(!text.includes(body.ott ?? '?') && !text.includes(bearer), 'a token is in the log');
    });

    it('refuses a token for another audience', async () => {
      const { who } = await runPod('two', 'web.default.svc');
      const { status, body } = await bootstrap(await api.podToken(who, 'another'), '', []);
      assert.deepEqual([status, body.code], [401, 'ERR_BOOTSTRAP_TOKEN_REFUSED']);
    });

    it('refuses a token that no pod is bound to', async () => {
      const bearer = (await api.kubectl(['create', 'token', 'web', '--audience=autocert.step.sm'])).trim();
      const { status, body } = await bootstrap(bearer, '', []);
      assert.deepEqual([status, body.code], [403, 'ERR_BOOTSTRAP_TOKEN_UNBOUND']);
    });

    it('refuses a pod that was not injected', async () => {
      const { bearer } = await runPod('three', 'web.default.svc', false);
      const { status, body } = await bootstrap(bearer, '', []);
      assert.deepEqual([status, body.code], [403, 'ERR_BOOTSTRAP_NOT_INJECTED']);
    });

    it('judges the names of the live pod, not those of its admission', async () => {
      const { bearer } = await runPod('four', 'web.default.svc');
      await api.kubectl(['annotate', '--overwrite', 'pod', 'four', 'autocert.step.sm/name=bank.prod.svc']);
      const { status, body } = await bootstrap(bearer, '', []);
      assert.deepEqual([status, body.code], [403, 'ERR_NAME_FORBIDDEN']);
    });

    it('refuses a request for more than the pod may have', async () => {
      const { bearer } = await runPod('five', 'web.default.svc');
      const { status, body } = await bootstrap(bearer, 'web.default.svc', ['web.default.svc', 'bank.prod.svc']);
      assert.deepEqual([status, body.code], [422, 'ERR_BOOTSTRAP_CSR']);
    });

    it('refuses the token of a pod that is gone, and of one that ends', async () => {
      const gone = await runPod('six', 'web.default.svc');
      await api.kubectl(['delete', 'pod', 'six', '--grace-period=0', '--force']);
      assert.equal((await bootstrap(gone.bearer, '', [])).status, 401); // the API server itself knows that the pod is gone
      const ended = await runPod('seven', 'web.default.svc');
      await api.call('PATCH', '/api/v1/namespaces/default/pods/seven/status', { status: { phase: 'Succeeded' } });
      const { status, body } = await bootstrap(ended.bearer, '', []);
      assert.deepEqual([status, body.code], [403, 'ERR_BOOTSTRAP_POD_MISMATCH']);
    });

    it('answers each bootstrap in one log line', () => {
      const lines = webhook.log.filter(({ msg }) => msg === 'bootstrap');
      assert.ok(
        lines.some(({ reason, pod, namespace }) => reason === 'ok' && pod === 'one' && namespace === 'default'),
      );
      assert.ok(lines.some(({ reason }) => reason === 'ERR_BOOTSTRAP_NOT_INJECTED'));
    });
  });

  for (const program of ['step-ca', 'autocert-ca'] as const) {
    describe(`whose CA is late, goes and comes back (${program})`, () => {
      let authority: WebhookAuthority;
      let webhook: TestWebhook;
      before(async () => {
        authority = await createAuthority(program, '5s');
        webhook = await startTestWebhook(authority, api.kubeconfigPath, { tokenMode: 'service-account' });
      });
      after(async () => {
        await webhook?.stop(0);
        await authority?.remove();
      });

      it('lives and says what it waits for', async () => {
        assert.equal((await ask(webhook.address, { path: '/healthz' })).status, 200);
        const { text } = await until(
          'a reason',
          () => ask(webhook.address, { path: '/readyz' }),
          ({ text }) => /unreachable/.test(text),
        );
        const report = JSON.parse(text) as { ready: boolean; why: string };
        assert.equal(report.ready, false);
        assert.match(report.why, /provisionerKey: ca: provisioners: https:\/\/127\.0\.0\.1:\d+ is unreachable/);
        await assert.rejects(
          ask(webhook.bootstrapAddress ?? '', { path: '/' }),
          'pods come again after a broken connection',
        );
      });

      it('is ready when the CA comes, and renews its certificate without dropping a connection', async () => {
        await authority.start();
        await untilReady(webhook.address);
        const agent = new Agent({ keepAlive: true, maxSockets: 1 });
        try {
          const serials = new Set<string>();
          const get = () => ask(webhook.address, { path: '/healthz', rootPem: authority.rootPem, agent });
          await get();
          const sockets = Object.values(agent.freeSockets).flat();
          await until(
            'a second certificate',
            async () => {
              assert.equal((await get()).status, 200);
              return serialOf(webhook.address);
            },
            (serial) => serials.add(serial).size > 1,
          );
          assert.equal((await get()).status, 200);
          assert.deepEqual(
            Object.values(agent.freeSockets).flat(),
            sockets,
            'the connection that was open before is still in use',
          );
        } finally {
          agent.destroy();
        }
      });

      it('is not ready once its certificate has expired without the CA, and ready when it is back', async () => {
        await authority.kill();
        const { text } = await until(
          'not ready',
          () => ask(webhook.address, { path: '/readyz' }),
          ({ status }) => status === 503,
        );
        assert.match(text, /servingCertificate/);
        assert.equal((await ask(webhook.address, { path: '/healthz' })).status, 200);
        await authority.start();
        await untilReady(webhook.address);
      });
    });
  }
});

/** The pod as it comes out of admission. */
async function injected(webhook: TestWebhook, pod: unknown): Promise<unknown> {
  const { default: patcher } = await import('fast-json-patch');
  const { text } = await postReview(webhook.address, reviewOf(pod));
  return patcher.applyPatch(structuredClone(pod), readPatch(text) as never).newDocument;
}

async function serialOf(address: string): Promise<string> {
  const { connect } = await import('node:tls');
  const { hostname: host, port } = new URL(`https://${address}`);
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port: Number(port), rejectUnauthorized: false }, () => {
      resolve(socket.getPeerCertificate().serialNumber);
      socket.destroy();
    });
    socket.on('error', reject);
  });
}
