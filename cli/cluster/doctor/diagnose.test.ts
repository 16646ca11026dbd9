/** Checks in states that no test cluster can be brought into: time that has passed, and the faults of what lies between. */
import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { createPki } from '../../../ca/init/pki.ts';
import { parseWebhookConfig } from '../../../lib/admission/config/index.ts';
import type { Reading } from '../cluster.ts';
import type { Installation } from '../installation.ts';
import type { MutatingWebhook, Pod, Workload } from '../objects.ts';
import { diagnose, exitCodeOf } from './diagnose.ts';
import type { Facts } from './facts.ts';
import { readProbe } from './probes.ts';

const dayMs = 86_400_000;
const now = Date.parse('2026-06-01T00:00:00Z');
const found = <T>(value: T): Reading<T> & { readonly kind: 'found' } => ({ kind: 'found', value });
const base64 = (text: string): string => Buffer.from(text).toString('base64');

const config = parseWebhookConfig(
  JSON.stringify({
    caUrl: 'https://ca.step.svc',
    service: 'autocert',
    bootstrapper: { name: 'autocert-bootstrapper', image: 'autocert-bootstrapper' },
    renewer: { name: 'autocert-renewer', image: 'autocert-renewer' },
    certsVolume: { name: 'certs', emptyDir: {} },
    webhookConfigurationName: 'autocert',
  }),
  { PROVISIONER_NAME: 'autocert', NAMESPACE: 'step' },
);

const workload = (name: string): Workload => ({
  metadata: { name, namespace: 'step', generation: 3 },
  spec: {
    replicas: 2,
    template: {
      metadata: { labels: { app: name } },
      spec: { serviceAccountName: name, containers: [{ name, image: name }] },
    },
  },
  status: { observedGeneration: 3, replicas: 2, updatedReplicas: 2, readyReplicas: 2 },
});

type Pki = { readonly rootPem: string; readonly intermediatePem: string };

describe('diagnose', () => {
  let pki: Pki;
  let other: Pki;
  before(async () => {
    const make = (name: string, at: number): Promise<Pki> =>
      createPki({ name, password: 'of a test', imported: undefined, now: at });
    [pki, other] = await Promise.all([make('Ours', now - 30 * dayMs), make('Other', now - 30 * dayMs)]);
  });

  const webhook = (): MutatingWebhook => ({
    name: 'autocert.step.sm',
    clientConfig: {
      service: { name: 'autocert', namespace: 'step', port: 443 },
      caBundle: base64(pki.rootPem),
    },
    rules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['pods'] }],
    failurePolicy: 'Fail',
    namespaceSelector: {
      matchLabels: { 'autocert.step.sm': 'enabled' },
      matchExpressions: [{ key: 'kubernetes.io/metadata.name', operator: 'NotIn', values: ['step'] }],
    },
  });
  const register = (changes: Partial<MutatingWebhook> = {}): Pick<Installation, 'registrations'> => ({
    registrations: found([
      { configuration: { metadata: { name: 'autocert' } }, webhook: { ...webhook(), ...changes } },
    ]),
  });
  const installation = (): Installation => ({
    ...register(),
    namespace: 'step',
    service: found({ metadata: { name: 'autocert', namespace: 'step' }, spec: { ports: [{ port: 443 }] } }),
    deployment: found(workload('autocert')),
    config: found(config),
    rootPem: found(pki.rootPem),
    ca: { namespace: 'step', name: 'ca', port: 443 },
    caWorkload: found(workload('ca')),
    intermediatePem: pki.intermediatePem,
    policyDenies: true,
  });
  const healthy = (): Facts => ({
    now,
    version: found({ major: 1, minor: 37, gitVersion: 'v1.37.2' }),
    installation: installation(),
    endpoints: found(2),
    webhookTrouble: '',
    caTrouble: '',
    missingRights: [],
    webhookRights: [{ action: { verb: 'get', resource: 'pods' }, allowed: true }],
    readyz: { kind: 'answered', status: 200, body: { ready: true, checks: { ca: { ok: true, required: false } } } },
    caHealth: { kind: 'answered', status: 200, body: { status: 'ok' } },
    admission: { kind: 'injected', namespace: 'shop' },
    namespaces: found([{ metadata: { name: 'shop', labels: { 'autocert.step.sm': 'enabled' } } }]),
    pods: found([]),
    misplaced: found([]),
  });
  const examine = (facts: Facts) => {
    const results = diagnose(facts);
    return { ids: results.flatMap(({ findings }) => findings.map(({ id }) => id)), code: exitCodeOf(results), results };
  };

  it('finds nothing where nothing is wrong', () =>
    assert.deepEqual({ ...examine(healthy()), results: 0 }, { ids: [], code: 0, results: 0 }));

  const injected = (status: Pod['status']): Facts['pods'] =>
    found([{ pod: { metadata: { name: 'web', namespace: 'shop' }, ...(status ? { status } : {}) }, injected: true }]);
  const wrong: readonly {
    readonly name: string;
    readonly change: (facts: Facts) => Partial<Facts>;
    readonly ids: readonly string[];
  }[] = [
    {
      name: 'an old cluster',
      change: () => ({ version: found({ major: 1, minor: 27, gitVersion: 'v1.27.0' }) }),
      ids: ['version-old'],
    },
    {
      name: 'two registrations',
      change: ({ installation }) => {
        const one = { configuration: { metadata: { name: 'second' } }, webhook: webhook() };
        const first = installation.registrations.kind === 'found' ? installation.registrations.value : [];
        return { installation: { ...installation, registrations: found([...first, one]) } };
      },
      ids: ['registered-twice'],
    },
    {
      name: 'a registration for other objects, and another port',
      change: ({ installation }) => ({
        installation: {
          ...installation,
          ...register({
            rules: [{ operations: ['UPDATE'], resources: ['pods'] }],
            clientConfig: {
              service: { name: 'autocert', namespace: 'step', port: 8443 },
              caBundle: base64(pki.rootPem),
            },
          }),
        },
      }),
      ids: ['registration-rules', 'registration-port'],
    },
    {
      name: 'a webhook that would be asked about itself',
      change: ({ installation }) => ({
        installation: {
          ...installation,
          ...register({ namespaceSelector: { matchLabels: { 'autocert.step.sm': 'enabled' } } }),
        },
      }),
      ids: ['registration-own-pods'],
    },
    {
      name: 'a root that has expired',
      change: () => ({ now: now + 4000 * dayMs }),
      ids: ['root-expired', 'intermediate-expired', 'ca-bundle-expired'],
    },
    {
      name: 'a root that ends within thirty days',
      change: () => ({ now: now + 3600 * dayMs }),
      ids: ['root-expires', 'intermediate-expires'],
    },
    {
      name: 'an intermediate of another root',
      change: ({ installation }) => ({ installation: { ...installation, intermediatePem: other.intermediatePem } }),
      ids: ['intermediate-foreign'],
    },
    {
      name: 'files that are no certificates',
      change: ({ installation }) => ({
        installation: {
          ...installation,
          rootPem: found('no PEM'),
          intermediatePem: '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n',
          ...register({ clientConfig: { service: { name: 'autocert', namespace: 'step' }, caBundle: base64('x') } }),
        },
      }),
      ids: ['root-invalid', 'intermediate-invalid', 'ca-bundle-invalid'],
    },
    {
      name: 'a webhook that is scaled away, and one that crashes',
      change: ({ installation }) => {
        const none = workload('autocert');
        const crashing = { ...workload('ca'), status: { ...workload('ca').status, readyReplicas: 1 } };
        const deployment = found({ ...none, spec: { ...none.spec, replicas: 0 } });
        return { installation: { ...installation, deployment, caWorkload: found(crashing) }, endpoints: found(0) };
      },
      ids: ['deployment-not-ready', 'service-no-endpoints', 'ca-not-ready'],
    },
    {
      name: 'checks of /readyz that fail, required or not',
      change: () => ({
        readyz: {
          kind: 'answered',
          status: 503,
          body: {
            ready: false,
            checks: {
              servingCertificate: { ok: false, required: true, why: 'not done yet' },
              ca: { ok: false, required: false, why: 'no answer' },
            },
          },
        },
      }),
      ids: ['webhook-serving-certificate', 'webhook-ca'],
    },
    {
      name: 'a /readyz that is not ours',
      change: () => ({ readyz: { kind: 'answered', status: 404, body: 'not found' } }),
      ids: ['webhook-not-ready'],
    },
    {
      name: 'firewalls',
      change: () => ({
        readyz: { kind: 'unreachable', why: 'dial tcp 10.0.0.7:4443: i/o timeout' },
        caHealth: { kind: 'unreachable', why: 'dial tcp 10.0.0.8:9000: i/o timeout' },
      }),
      ids: ['webhook-unreachable', 'ca-unreachable'],
    },
    {
      name: 'a CA that is unwell',
      change: () => ({ caHealth: { kind: 'answered', status: 500, body: {} } }),
      ids: ['ca-unhealthy'],
    },
    {
      name: 'a certificate that the API server does not trust',
      change: () => ({
        admission: {
          kind: 'refused',
          namespace: 'shop',
          why: 'Internal error occurred: failed calling webhook "autocert.step.sm": tls: failed to verify certificate: x509: certificate signed by unknown authority',
        },
      }),
      ids: ['admission-webhook-untrusted'],
    },
    {
      name: 'a webhook that does not answer',
      change: () => ({
        admission: {
          kind: 'refused',
          namespace: 'shop',
          why: 'failed calling webhook "autocert.step.sm": context deadline exceeded',
        },
      }),
      ids: ['admission-webhook-away'],
    },
    {
      name: 'a webhook that denies',
      change: () => ({
        admission: {
          kind: 'refused',
          namespace: 'shop',
          why: 'admission webhook "autocert.step.sm" denied the request: not ready [ERR_NOT_READY]',
        },
      }),
      ids: ['admission-denied'],
    },
    {
      name: 'an init container that fails, with its last words',
      change: () => ({
        pods: injected({
          initContainerStatuses: [
            {
              name: 'autocert-bootstrapper',
              state: { waiting: { reason: 'CrashLoopBackOff' } },
              lastState: { terminated: { exitCode: 1, message: 'token: refused' } },
            },
          ],
        }),
      }),
      ids: ['bootstrapper-fails'],
    },
    {
      name: 'nothing in a pod that starts',
      change: () => ({
        pods: injected({
          initContainerStatuses: [{ name: 'autocert-bootstrapper', state: { waiting: { reason: 'PodInitializing' } } }],
        }),
      }),
      ids: [],
    },
  ];
  for (const { name, change, ids } of wrong) {
    it(`finds ${name}`, () => {
      const facts = healthy();
      const seen = examine({ ...facts, ...change(facts) });
      assert.deepEqual(seen.ids, ids);
      assert.equal(seen.code, ids.length === 0 ? 0 : 1);
    });
  }

  it('merges the pods of one owner, which have one reason', () => {
    const metadata = {
      namespace: 'dark',
      ownerReferences: [{ kind: 'ReplicaSet', name: 'web-7c9f', controller: true }],
    };
    const pods = ['a', 'b', 'c'].map((name) => ({ pod: { metadata: { ...metadata, name } }, injected: false }));
    const { results } = examine({
      ...healthy(),
      namespaces: found([{ metadata: { name: 'dark' } }]),
      pods: found(pods),
    });
    const [finding, ...more] = results.find(({ id }) => id === 'pods')?.findings ?? [];
    assert.deepEqual([finding?.what, more], ['pod dark/a and 2 more of its owner', []]);
  });

  it('ends with 2 when it has found nothing and could not look everywhere', () => {
    const refused = { kind: 'refused', why: 'pods is forbidden' } as const;
    assert.equal(examine({ ...healthy(), pods: refused }).code, 2);
  });
});

describe('readProbe', () => {
  const status = (code: number, message: string) => ({ status: code, body: { kind: 'Status', message } });
  const rows: readonly (readonly [name: string, answer: Parameters<typeof readProbe>[0], kind: string])[] = [
    ['an answer of the webhook', { status: 503, body: { ready: false } }, 'answered'],
    ['a missing right', status(403, 'services "https:autocert:443" is forbidden'), 'unknown'],
    ['no endpoints', status(503, 'no endpoints available for service "autocert"'), 'unreachable'],
    ['a connection that fails', status(503, 'error trying to reach service: dial tcp: i/o timeout'), 'unreachable'],
    ['the proxy of the API server', { status: 502, body: 'Bad Gateway' }, 'unreachable'],
  ];
  for (const [name, answer, kind] of rows)
    it(`tells ${name}: ${kind}`, () => assert.equal(readProbe(answer).kind, kind));
});
