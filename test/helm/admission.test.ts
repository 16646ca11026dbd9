/**
 * The rendered manifests on a real API server: what the two admission policies refuse and what they let pass, whether
 * the webhook is there or not, and what the ServiceAccounts may do. No webhook runs here, so nothing is ever injected.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import jsonPatch, { type Operation } from 'fast-json-patch';
import { decideInjection, type Review, renderPatch } from '../../lib/admission/index.ts';
import { manifestPath } from '../../tools/manifests/render.ts';
import { type ApiAnswer, type KubernetesApi, startKubernetesApi } from '../peers/kubernetes-api.ts';
import { parsedConfigOf, renderWith } from './chart.ts';

const annotated = { 'autocert.step.sm/name': 'web.shop.svc' };
const container = { name: 'app', image: 'app' };
const injected = {
  name: 'autocert-bootstrapper',
  image: 'bootstrapper',
  volumeMounts: [{ name: 'certs', mountPath: '/var/run/autocert.step.sm' }],
};
const certs = [{ name: 'certs', emptyDir: {} }];

const messageOf = (answer: ApiAnswer): string => String((answer.body as { message?: string }).message);

describe('the manifests on a real API server', () => {
  let api: KubernetesApi;
  const createPod = (
    name: string,
    namespace: string,
    annotations: Record<string, string>,
    spec: object = {},
    query = '',
  ): Promise<ApiAnswer> =>
    api.call('POST', `/api/v1/namespaces/${namespace}/pods${query}`, {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name, annotations },
      spec: { containers: [container], ...spec },
    });

  before(async () => {
    api = await startKubernetesApi();
    await api.kubectl(['apply', '--server-side', '-f', '-'], readFileSync(manifestPath, 'utf8'));
    await api.kubectl(['create', 'namespace', 'shop']);
    await api.kubectl(['label', 'namespace', 'shop', 'step', 'autocert.step.sm=enabled']);
    await api.kubectl(['create', 'namespace', 'other']);
    // both policies are in force a moment after they are stored
    const deadline = Date.now() + 60_000;
    const inForce = async (): Promise<boolean> => {
      const uninjected = await createPod('probe', 'shop', annotated, {}, '?dryRun=All');
      await createPod('probe', 'other', {});
      const change = { metadata: { annotations: { 'autocert.step.sm/probe': 'x' } } };
      const edited = await api.call('PATCH', '/api/v1/namespaces/other/pods/probe?dryRun=All', change);
      return uninjected.status === 403 && edited.status === 403;
    };
    while (!(await inForce())) {
      assert.ok(Date.now() < deadline, 'the admission policies are not in force after a minute');
      await sleep(100);
    }
  });
  after(() => api?.stop());

  describe('a pod that asks for a certificate and was not injected', () => {
    it('is refused in a namespace that opted in, and told where to look', async () => {
      const answer = await createPod('web', 'shop', annotated);
      assert.equal(answer.status, 403);
      assert.match(messageOf(answer), /autocert\.step\.sm\/name\) but was not injected/);
      assert.match(messageOf(answer), /kubectl -n step get pods -l app\.kubernetes\.io\/name=autocert/);
    });
    it('is refused with a container of that name that has no mount', async () => {
      const spec = { initContainers: [{ ...injected, volumeMounts: [] }], volumes: certs };
      assert.equal((await createPod('web', 'shop', annotated, spec)).status, 403);
    });
    it('is refused although it says that it was injected', async () => {
      const spoofed = { ...annotated, 'autocert.step.sm/status': 'injected' };
      assert.equal((await createPod('web', 'shop', spoofed)).status, 403);
    });
    it('is refused for Linux nodes', async () => {
      const spec = { os: { name: 'linux' }, nodeSelector: { 'kubernetes.io/os': 'linux' } };
      assert.equal((await createPod('web', 'shop', annotated, spec)).status, 403);
    });
    it('is refused although it wears the label of our own pods', async () => {
      const answer = await api.call('POST', '/api/v1/namespaces/shop/pods', {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name: 'web', annotations: annotated, labels: { 'autocert.step.sm/control-plane': 'true' } },
        spec: { containers: [container] },
      });
      assert.equal(answer.status, 403);
    });
  });

  it('lets pass what the webhook makes of such a pod', async () => {
    const pod = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'web', namespace: 'shop', annotations: annotated },
      // no admission plugin fills the account in here
      spec: { serviceAccountName: 'default', containers: [container] },
    };
    for (const set of [[], ['autocert.tokenMode=secret'], ['autocert.nativeSidecar=never']]) {
      const config = parsedConfigOf(await renderWith(...set));
      const decision = decideInjection(reviewOf(pod), config, { nativeSidecars: true });
      assert.ok(decision.kind === 'inject');
      const source =
        config.tokenMode === 'secret' ? { kind: 'secret' as const, secretName: 'web' } : { kind: config.tokenMode };
      const patch = renderPatch(decision.plan, source, { fingerprint: 'f'.repeat(64) });
      const { newDocument } = jsonPatch.applyPatch(structuredClone(pod), structuredClone(patch) as Operation[]);
      const answer = await api.call('POST', '/api/v1/namespaces/shop/pods?dryRun=All', newDocument);
      assert.equal(answer.status, 201, messageOf(answer));
    }
  });

  describe('a pod that is let pass', () => {
    const rows: { name: string; namespace: string; annotations: Record<string, string>; spec?: object }[] = [
      {
        name: 'with its init container',
        namespace: 'shop',
        annotations: annotated,
        spec: { initContainers: [injected], volumes: certs },
      },
      { name: 'without the annotation', namespace: 'shop', annotations: { 'example.com/name': 'x' } },
      { name: 'with an empty annotation', namespace: 'shop', annotations: { 'autocert.step.sm/name': '' } },
      { name: 'in a namespace that did not opt in', namespace: 'other', annotations: annotated },
      { name: 'in our own namespace', namespace: 'step', annotations: annotated, spec: restricted() },
      {
        name: 'for Windows, where nothing of ours runs',
        namespace: 'shop',
        annotations: annotated,
        spec: { os: { name: 'windows' } },
      },
      {
        name: 'for Windows nodes',
        namespace: 'shop',
        annotations: annotated,
        spec: { nodeSelector: { 'kubernetes.io/os': 'windows' } },
      },
      {
        name: 'of the kubelet’s own',
        namespace: 'shop',
        annotations: { ...annotated, 'kubernetes.io/config.mirror': 'x' },
        spec: { nodeName: 'node' },
      },
    ];
    for (const [index, { name, namespace, annotations, spec }] of rows.entries()) {
      it(name, async () => {
        const answer = await createPod(`passes-${index}`, namespace, annotations, spec, '?dryRun=All');
        assert.equal(answer.status, 201, messageOf(answer));
      });
    }
  });

  describe('the annotations of an existing pod', () => {
    const path = '/api/v1/namespaces/other/pods/fixed';
    const change = (annotations: Record<string, string | null>, subresource = ''): Promise<ApiAnswer> =>
      api.call('PATCH', `${path}${subresource}`, { metadata: { annotations } });
    before(async () => {
      assert.equal((await createPod('fixed', 'other', annotated)).status, 201);
    });

    const refused: { name: string; annotations: Record<string, string | null>; subresource?: string }[] = [
      { name: 'changed', annotations: { 'autocert.step.sm/name': 'bank.shop.svc' } },
      { name: 'added', annotations: { 'autocert.step.sm/sans': 'bank.shop.svc' } },
      { name: 'removed', annotations: { 'autocert.step.sm/name': null } },
      { name: 'changed by way of its status', annotations: { 'autocert.step.sm/name': 'b' }, subresource: '/status' },
    ];
    for (const { name, annotations, subresource } of refused) {
      it(`cannot be ${name}`, async () => {
        const answer = await change(annotations, subresource);
        assert.equal(answer.status, 403);
        assert.match(messageOf(answer), /annotations autocert\.step\.sm\/\* of an existing pod cannot be changed/);
      });
    }
    for (const resource of ['pods/fixed/binding', 'bindings']) {
      it(`cannot be changed by binding the pod to a node (${resource})`, async () => {
        const binding = {
          apiVersion: 'v1',
          kind: 'Binding',
          metadata: { name: 'fixed', annotations: { 'autocert.step.sm/name': 'bank.shop.svc' } },
          target: { kind: 'Node', name: 'node' },
        };
        assert.equal((await api.call('POST', `/api/v1/namespaces/other/${resource}`, binding)).status, 403);
      });
    }
    it('are not touched by the other subresources', async () => {
      for (const subresource of ['/resize', '/ephemeralcontainers']) {
        await change({ 'autocert.step.sm/name': 'bank.shop.svc' }, subresource);
      }
      const { body } = await api.call('GET', path);
      assert.deepEqual((body as { metadata: { annotations: object } }).metadata.annotations, annotated);
    });
    it('leave others alone, and status, labels and binding', async () => {
      assert.equal((await change({ 'example.com/note': 'x' })).status, 200);
      assert.equal((await api.call('PATCH', path, { metadata: { labels: { a: 'b' } } })).status, 200);
      assert.equal((await api.call('PATCH', `${path}/status`, { status: { phase: 'Running' } })).status, 200);
      const binding = {
        apiVersion: 'v1',
        kind: 'Binding',
        metadata: { name: 'fixed' },
        target: { kind: 'Node', name: 'node' },
      };
      assert.equal((await api.call('POST', `${path}/binding`, binding)).status, 201);
    });
  });

  it('keep what the CA wrote into them when they are applied again', async () => {
    const path = '/api/v1/namespaces/step/secrets/autocert-step-certificates-secrets';
    assert.equal((await api.call('PATCH', path, { stringData: { root_ca_key: 'key' } })).status, 200);
    await api.kubectl(['apply', '--server-side', '-f', '-'], readFileSync(manifestPath, 'utf8'));
    const { body } = await api.call('GET', path);
    assert.deepEqual((body as { data: object }).data, { root_ca_key: Buffer.from('key').toString('base64') });
  });

  describe('rights', () => {
    const may = async (account: string, attributes: object): Promise<boolean> => {
      const review = await api.call('POST', '/apis/authorization.k8s.io/v1/subjectaccessreviews', {
        apiVersion: 'authorization.k8s.io/v1',
        kind: 'SubjectAccessReview',
        spec: { user: `system:serviceaccount:step:${account}`, resourceAttributes: attributes },
      });
      return (review.body as { status: { allowed: boolean } }).status.allowed;
    };
    const configurations = { group: 'admissionregistration.k8s.io', resource: 'mutatingwebhookconfigurations' };
    const ca = 'autocert-step-certificates';
    const rows: { account: string; attributes: Record<string, string>; want: boolean }[] = [
      {
        account: 'autocert',
        attributes: { verb: 'create', group: 'authentication.k8s.io', resource: 'tokenreviews' },
        want: true,
      },
      { account: 'autocert', attributes: { verb: 'get', resource: 'pods', namespace: 'shop' }, want: true },
      {
        account: 'autocert',
        attributes: { verb: 'patch', ...configurations, name: 'autocert-autocert-webhook-config' },
        want: true,
      },
      { account: 'autocert', attributes: { verb: 'patch', ...configurations, name: 'another' }, want: false },
      { account: 'autocert', attributes: { verb: 'list', resource: 'pods', namespace: 'shop' }, want: false },
      { account: 'autocert', attributes: { verb: 'get', resource: 'secrets', namespace: 'step' }, want: false },
      { account: 'autocert', attributes: { verb: 'create', resource: 'secrets', namespace: 'shop' }, want: false },
      {
        account: ca,
        attributes: { verb: 'update', resource: 'secrets', namespace: 'step', name: `${ca}-secrets` },
        want: true,
      },
      {
        account: ca,
        attributes: { verb: 'get', resource: 'secrets', namespace: 'step', name: 'another' },
        want: false,
      },
      { account: ca, attributes: { verb: 'create', resource: 'secrets', namespace: 'step' }, want: false },
      { account: ca, attributes: { verb: 'get', resource: 'pods', namespace: 'step' }, want: false },
    ];
    for (const { account, attributes, want } of rows) {
      const { verb, resource, name = '' } = attributes;
      it(`${account} ${want ? 'may' : 'may not'} ${verb} ${resource} ${name}`, async () =>
        assert.equal(await may(account, attributes), want));
    }
  });
});

/** The review that the API server would send for the creation of a pod. */
function reviewOf(pod: { metadata: { name: string; namespace: string } }): Review {
  return {
    apiVersion: 'admission.k8s.io/v1',
    uid: 'uid',
    namespace: pod.metadata.namespace,
    name: pod.metadata.name,
    operation: 'CREATE',
    kind: { group: '', version: 'v1', kind: 'Pod' },
    subResource: '',
    dryRun: true,
    username: 'test',
    object: pod,
  };
}

/** What PodSecurity `restricted`, which the manifests enforce in namespace step, wants of a pod. */
function restricted(): object {
  const securityContext = {
    allowPrivilegeEscalation: false,
    runAsNonRoot: true,
    capabilities: { drop: ['ALL'] },
    seccompProfile: { type: 'RuntimeDefault' },
  };
  return { containers: [{ ...container, securityContext }] };
}
