/** The webhook's objects: configuration, rights, availability, images. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Rendering } from '../../tools/manifests/helm.ts';
import { ciValues, imagesOf, render, renderWith, webhookConfigOf, webhookOf } from './chart.ts';
import { findObject, type KubernetesObject, listObjects, valueAt } from './objects.ts';

describe('the config.yaml of the webhook', () => {
  it('holds upstream’s keys and ours, all of them strings, booleans or containers', async () => {
    const config = webhookConfigOf(await render());
    const { bootstrapper, renewer, ...rest } = config;
    assert.deepEqual(rest, {
      address: ':4443',
      service: 'autocert',
      logFormat: 'json',
      caUrl: 'https://autocert-step-certificates.step.svc.cluster.local',
      certLifetime: '24h',
      clusterDomain: 'cluster.local',
      restrictCertificatesToNamespace: false,
      rootCAPath: '/home/step/certs/root_ca.crt',
      provisionerPasswordPath: '/home/step/password/password',
      tokenMode: 'service-account',
      events: true,
      bootstrapAddress: ':4444',
      bootstrapUrl: 'https://autocert.step.svc:4444/v1/bootstrap',
      nativeSidecar: 'auto',
      writeMode: 'atomic',
      renewMethod: 'rekey',
      webhookConfigurationName: 'autocert-autocert-webhook-config',
      certsVolume: { name: 'certs', emptyDir: { medium: 'Memory', sizeLimit: '4Mi' } },
    });
    const mount = { name: 'certs', mountPath: '/var/run/autocert.step.sm' };
    assert.deepEqual(valueAt(bootstrapper, 'volumeMounts'), [mount]);
    assert.deepEqual(valueAt(renewer, 'volumeMounts'), [mount]);
  });
  it('rolls the webhook when it changes, and only then', async () => {
    const checksum = (objects: readonly KubernetesObject[]): string =>
      valueAt<Record<string, string>>(
        findObject(objects, 'Deployment', 'autocert'),
        'spec.template.metadata.annotations',
      )['checksum/config'] ?? '';
    const first = checksum(await render());
    assert.equal(checksum(await renderWith('replicaCount=3')), first);
    assert.notEqual(checksum(await renderWith('autocert.certLifetime=1h')), first);
  });
});

describe('rights', () => {
  const rulesOf = async (...assignments: string[]): Promise<unknown> =>
    valueAt(findObject(await renderWith(...assignments), 'ClusterRole', 'autocert'), 'rules');
  const ownConfiguration = {
    apiGroups: ['admissionregistration.k8s.io'],
    resources: ['mutatingwebhookconfigurations'],
    resourceNames: ['autocert-autocert-webhook-config'],
    verbs: ['get', 'patch'],
  };

  const events = { apiGroups: [''], resources: ['events'], verbs: ['create', 'patch'] };

  it('of the webhook are to review tokens, to get pods, to write events and to keep its caBundle', async () =>
    assert.deepEqual(await rulesOf(), [
      { apiGroups: ['authentication.k8s.io'], resources: ['tokenreviews'], verbs: ['create'] },
      { apiGroups: [''], resources: ['pods'], verbs: ['get'] },
      events,
      ownConfiguration,
    ]));
  it('in token mode secret are to create, find and delete Secrets, and to find pods that wait for one', async () =>
    assert.deepEqual(await rulesOf('autocert.tokenMode=secret'), [
      { apiGroups: [''], resources: ['secrets'], verbs: ['create', 'delete', 'list'] },
      { apiGroups: [''], resources: ['pods'], verbs: ['get', 'list'] },
      events,
      ownConfiguration,
    ]));
  it('on events, and in token mode secret on pods, go away without events', async () =>
    assert.deepEqual(await rulesOf('autocert.tokenMode=secret', 'autocert.events=false'), [
      { apiGroups: [''], resources: ['secrets'], verbs: ['create', 'delete', 'list'] },
      ownConfiguration,
    ]));
  it('on the webhook configuration go away with a fixed caBundle', async () => {
    const objects = await render(ciValues('hardened'));
    assert.equal(valueAt<unknown[]>(findObject(objects, 'ClusterRole', 'autocert'), 'rules').length, 3);
    assert.equal(webhookConfigOf(objects).webhookConfigurationName, undefined);
    assert.match(
      Buffer.from(valueAt<string>(webhookOf(objects), 'clientConfig.caBundle'), 'base64').toString(),
      /^-----BEGIN CERTIFICATE-----\n/,
    );
  });
  it('of the CA are limited to its own objects by name, its server has no token, and all of them exist', async () => {
    const objects = await render();
    const role = findObject(objects, 'Role', 'autocert-step-certificates');
    const rules = valueAt<{ resources: string[]; resourceNames: string[]; verbs: string[] }[]>(role, 'rules');
    for (const { verbs, resourceNames, resources } of rules) {
      assert.ok(resourceNames.length > 0 && !verbs.includes('create') && !verbs.includes('list'));
      if (!verbs.includes('update')) continue;
      const kind = resources[0] === 'secrets' ? 'Secret' : 'ConfigMap';
      for (const name of resourceNames) findObject(objects, kind, name);
    }
    const pod = valueAt<Record<string, unknown>>(
      findObject(objects, 'StatefulSet', 'autocert-step-certificates'),
      'spec.template.spec',
    );
    assert.equal(pod.automountServiceAccountToken, false);
    const mounts = (path: string): string[] =>
      valueAt<{ name: string }[]>(pod, `${path}.volumeMounts`).map(({ name }) => name);
    assert.ok(mounts('initContainers.0').includes('api-access'));
    assert.ok(!mounts('containers.0').includes('api-access'));
  });
});

describe('the webhook configuration', () => {
  it('leaves caBundle to the webhook', async () =>
    assert.equal(valueAt(webhookOf(await render()), 'clientConfig.caBundle'), undefined));
  it('has side effects by events and Secrets, none on dry runs, and none at all without both', async () => {
    assert.equal(webhookOf(await render()).sideEffects, 'NoneOnDryRun');
    assert.equal(webhookOf(await renderWith('autocert.events=false')).sideEffects, 'None');
    const secret = await renderWith('autocert.events=false', 'autocert.tokenMode=secret');
    assert.equal(webhookOf(secret).sideEffects, 'NoneOnDryRun');
  });
  it('leaves system namespaces, its own namespace and its own pods alone', async () => {
    const webhook = webhookOf(await render({ namespace: 'pki' }));
    assert.deepEqual(valueAt(webhook, 'namespaceSelector.matchExpressions.0.values'), [
      'kube-system',
      'kube-node-lease',
      'pki',
    ]);
    const objects = await render();
    const key = valueAt<string>(webhook, 'objectSelector.matchExpressions.0.key');
    for (const kind of ['Deployment', 'StatefulSet']) {
      const workload = objects.find((object) => object.kind === kind);
      assert.equal(valueAt<Record<string, string>>(workload, 'spec.template.metadata.labels')[key], 'true');
    }
  });

  const rows: { name: string; rendering: Rendering; want: string }[] = [
    { name: 'Ignore, because the admission policy denies', rendering: {}, want: 'Ignore' },
    { name: 'Fail without the policy', rendering: { set: ['admissionPolicy.enabled=false'] }, want: 'Fail' },
    {
      name: 'Fail when the policy only warns',
      rendering: { set: ['admissionPolicy.uninjectedActions={Warn}'] },
      want: 'Fail',
    },
    { name: 'Fail on a cluster too old for the policy', rendering: { kubeVersion: '1.29.9' }, want: 'Fail' },
    { name: 'what the user says', rendering: { set: ['webhook.failurePolicy=Fail'] }, want: 'Fail' },
  ];
  for (const { name, rendering, want } of rows) {
    it(`fails as: ${name}`, async () => assert.equal(webhookOf(await render(rendering)).failurePolicy, want));
  }
  it('comes without what Kubernetes 1.29 does not know', async () => {
    const objects = await render({ kubeVersion: '1.29.9' });
    assert.ok(!objects.some(({ kind }) => kind.startsWith('ValidatingAdmissionPolicy')));
    const container = 'spec.template.spec.containers.0';
    assert.equal(valueAt(findObject(objects, 'Deployment', 'autocert'), `${container}.lifecycle`), undefined);
  });
});

describe('availability', () => {
  it('of the webhook: two replicas, a budget, spread over nodes, and no gap in a rollout', async () => {
    const objects = await render();
    const deployment = findObject(objects, 'Deployment', 'autocert');
    assert.equal(valueAt(deployment, 'spec.replicas'), 2);
    assert.equal(valueAt(deployment, 'spec.strategy.rollingUpdate.maxUnavailable'), 0);
    const spread = 'spec.template.spec.topologySpreadConstraints.0.topologyKey';
    assert.equal(valueAt(deployment, spread), 'kubernetes.io/hostname');
    assert.equal(valueAt(findObject(objects, 'PodDisruptionBudget', 'autocert'), 'spec.minAvailable'), 1);
    const drain = valueAt<number>(deployment, 'spec.template.spec.containers.0.lifecycle.preStop.sleep.seconds');
    assert.ok(drain < valueAt<number>(deployment, 'spec.template.spec.terminationGracePeriodSeconds'));
  });
  it('replaces replicas on the node’s network one by one, since two cannot have one port', async () => {
    const deployment = findObject(await renderWith('autocert.hostNetwork=true'), 'Deployment', 'autocert');
    assert.deepEqual(valueAt(deployment, 'spec.strategy.rollingUpdate'), { maxUnavailable: 1, maxSurge: 0 });
  });
  it('has no budget with one replica, which would block every drain', async () =>
    assert.ok(!(await renderWith('replicaCount=1')).some(({ kind }) => kind === 'PodDisruptionBudget')));
});

describe('images', () => {
  const rows: { name: string; set: string[]; want: string }[] = [
    {
      name: 'a registry for all',
      set: ['image.registry=r.example:5000/a/'],
      want: 'r.example:5000/a/autocert-renewer:0.1.0',
    },
    {
      name: 'a registry for all, and a repository that names its own',
      set: ['image.registry=r.example', 'renewer.image.repository=other.example/renewer'],
      want: 'other.example/renewer:0.1.0',
    },
    {
      name: 'a local image',
      set: ['image.registry=r.example', 'renewer.image.repository=localhost/renewer'],
      want: 'localhost/renewer:0.1.0',
    },
    { name: 'a tag', set: ['renewer.image.tag=edge'], want: 'autocert-renewer:edge' },
    {
      name: 'a digest, which wins over the tag',
      set: ['renewer.image.tag=edge', `renewer.image.digest=sha256:${'a'.repeat(64)}`],
      want: `autocert-renewer@sha256:${'a'.repeat(64)}`,
    },
  ];
  for (const { name, set: assignments, want } of rows) {
    it(`take ${name}`, async () => assert.equal(imagesOf(await renderWith(...assignments)).renewer, want));
  }
});

describe('network policies', () => {
  const portsOf = (policy: KubernetesObject, direction: 'ingress' | 'egress'): number[] =>
    valueAt<{ ports: { port: number }[] }[]>(policy, `spec.${direction}`).flatMap(({ ports }) =>
      ports.map(({ port }) => port),
    );

  it('let in what each program serves, and out what it calls', async () => {
    const objects = await render();
    const webhook = findObject(objects, 'NetworkPolicy', 'autocert');
    assert.deepEqual(portsOf(webhook, 'ingress'), [4443, 4444]);
    assert.deepEqual([...new Set(portsOf(webhook, 'egress'))], [53, 5353, 443, 6443, 8443, 16443, 9000]);
    const ca = findObject(objects, 'NetworkPolicy', 'autocert-step-certificates');
    assert.deepEqual(portsOf(ca, 'ingress'), [9000]);
    assert.deepEqual([...new Set(portsOf(ca, 'egress'))], [53, 5353, 443, 6443, 8443, 16443]);
  });
  it('select the pods they are for', async () => {
    const objects = await render();
    for (const [name, kind] of [
      ['autocert', 'Deployment'],
      ['autocert-step-certificates', 'StatefulSet'],
    ] as const) {
      const wanted = valueAt<object>(findObject(objects, 'NetworkPolicy', name), 'spec.podSelector.matchLabels');
      const labels = valueAt<object>(findObject(objects, kind, name), 'spec.template.metadata.labels');
      assert.deepEqual({ ...labels, ...wanted }, labels);
      const backend = valueAt<object>(findObject(objects, 'Service', name), 'spec.selector');
      assert.deepEqual({ ...labels, ...backend }, labels);
    }
  });
  it('close the bootstrap port in token mode secret, where nobody listens', async () => {
    const objects = await renderWith('autocert.tokenMode=secret');
    assert.deepEqual(portsOf(findObject(objects, 'NetworkPolicy', 'autocert'), 'ingress'), [4443]);
    assert.equal(valueAt<unknown[]>(findObject(objects, 'Service', 'autocert'), 'spec.ports').length, 1);
  });
  it('are left out on request, and for pods on the node’s network, which they cannot select', async () => {
    const kinds = async (...set: string[]): Promise<string[]> =>
      listObjects((await renderWith(...set)).filter(({ kind }) => kind === 'NetworkPolicy'));
    assert.deepEqual(await kinds('networkPolicy.enabled=false'), []);
    assert.deepEqual(await kinds('autocert.hostNetwork=true'), ['NetworkPolicy autocert-step-certificates']);
  });
});
