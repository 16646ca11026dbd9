import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { buildPods } from './build-pods.ts';
import { checkManifests } from './check-manifests.ts';
import type { Pod } from './objects.ts';
import { readManifests } from './read-manifests.ts';
import { checkSimulationLimits } from './simulation-limits.ts';

const container = '{name: c, image: i}';
const deployment = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 2
  template:
    metadata: {labels: {app: web}, annotations: {autocert.step.sm/name: web.default.svc}}
    spec: {containers: [${container}]}
`;

describe('readManifests', () => {
  it('reads several documents, lists, and passes over empty ones', () => {
    const { objects } = readManifests(
      `---\n---\n{apiVersion: v1, kind: List, items: [{apiVersion: v1, kind: ConfigMap, metadata: {name: c}}]}\n---\n# nothing\n---${deployment}`,
      'a.yaml',
    );
    assert.deepEqual(
      objects.map(({ source }) => source),
      ['a.yaml: ConfigMap c', 'a.yaml: Deployment web'],
    );
  });

  it('keeps what it does not know: the webhook must see it', () => {
    const { objects } = readManifests(
      `{apiVersion: v1, kind: Pod, metadata: {name: p, x: 1}, spec: {containers: [${container}], priority: 7}}`,
      'a.yaml',
    );
    const pod = objects[0]?.object as Pod | undefined;
    assert.equal(pod?.spec.priority, 7);
    assert.equal(pod.metadata.x, 1);
  });

  it('passes over kinds without effect, with a note', () => {
    const { objects, notes } = readManifests(
      `${deployment}\n---\n{apiVersion: v1, kind: ServiceAccount, metadata: {name: web}}`,
      'a.yaml',
    );
    assert.equal(objects.length, 1);
    assert.deepEqual(notes, ['a.yaml: ServiceAccount web: has no effect in a local run']);
  });

  const refused = [
    { name: 'text that is not YAML', text: 'a: [', code: 'ERR_LOCAL_MANIFEST', message: /^a\.yaml: not YAML: / },
    {
      name: 'a document that is no object',
      text: '- 1',
      code: 'ERR_LOCAL_MANIFEST',
      message: 'a.yaml: not a Kubernetes object',
    },
    {
      name: 'an object without kind',
      text: 'apiVersion: v1',
      code: 'ERR_LOCAL_MANIFEST',
      message: 'a.yaml: kind is missing',
    },
    {
      name: 'a file without objects',
      text: '# later',
      code: 'ERR_LOCAL_MANIFEST',
      message: 'a.yaml: no Kubernetes object in it',
    },
    {
      name: 'a kind it cannot stand in for',
      text: '{apiVersion: apps/v1, kind: DaemonSet, metadata: {name: d}}',
      code: 'ERR_LOCAL_NOT_SIMULATED',
      message: 'a.yaml: DaemonSet d: DaemonSet is not simulated',
    },
    {
      name: 'a kind named like a method',
      text: '{apiVersion: v1, kind: toString, metadata: {name: d}}',
      code: 'ERR_LOCAL_NOT_SIMULATED',
      message: /toString is not simulated/,
    },
    {
      name: 'a container without name',
      text: '{apiVersion: v1, kind: Pod, metadata: {name: p}, spec: {containers: [{image: i}]}}',
      code: 'ERR_LOCAL_MANIFEST',
      message: /^a\.yaml: Pod p: spec\.containers\[0\]\.name: /,
    },
  ];
  for (const { name, text, code, message } of refused) {
    it(`refuses ${name}`, () => assert.throws(() => readManifests(text, 'a.yaml'), { code, message }));
  }

  it('survives any text', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'{}[]:-,&*!|>\'"%@`#ab \n') }), (text) => {
        try {
          readManifests(text, 'a.yaml');
        } catch (error) {
          assert.match(String((error as { code?: string }).code), /^ERR_LOCAL_/);
        }
      }),
    );
  });
});

describe('buildPods', () => {
  const build = (text: string) =>
    buildPods(readManifests(text, 'a.yaml').objects, 'default', () => 'abcde').map(({ pod }) => pod);

  it('names the pods of a Deployment as a ReplicaSet does: by generateName only', () => {
    const pods = build(deployment);
    assert.equal(pods.length, 2);
    assert.deepEqual(pods[0]?.metadata, {
      labels: { app: 'web' },
      annotations: { 'autocert.step.sm/name': 'web.default.svc' },
      namespace: 'default',
      generateName: 'web-abcde-',
    });
  });

  it('gives the pods of a StatefulSet their ordinal, hostname and subdomain', () => {
    const pods = build(
      `{apiVersion: apps/v1, kind: StatefulSet, metadata: {name: db, namespace: data}, spec: {replicas: 2, serviceName: db-peers, template: {spec: {containers: [${container}]}}}}`,
    );
    assert.deepEqual(
      pods.map(({ metadata, spec }) => [metadata.namespace, metadata.name, spec.hostname, spec.subdomain]),
      [
        ['data', 'db-0', 'db-0', 'db-peers'],
        ['data', 'db-1', 'db-1', 'db-peers'],
      ],
    );
    assert.equal(pods[1]?.metadata.labels?.['apps.kubernetes.io/pod-index'], '1');
  });

  it('runs one pod of a Job', () => {
    const [pod] = build(
      `{apiVersion: batch/v1, kind: Job, metadata: {name: once}, spec: {template: {spec: {restartPolicy: Never, containers: [${container}]}}}}`,
    );
    assert.equal(pod?.metadata.generateName, 'once-');
    assert.equal(pod?.spec.restartPolicy, 'Never');
  });

  it('takes no replicas for none', () => assert.deepEqual(build(deployment.replace('replicas: 2', 'replicas: 0')), []));
  it('refuses a Pod without name', () =>
    assert.throws(() => build(`{apiVersion: v1, kind: Pod, metadata: {}, spec: {containers: [${container}]}}`), {
      code: 'ERR_LOCAL_MANIFEST',
    }));
});

describe('checkManifests', () => {
  const check = (text: string) =>
    checkManifests(readManifests(text, 'a.yaml').objects, 'default', new Map([['i', ['x']]]));

  it('has nothing to say about a pod that can be run', () => assert.deepEqual(check(deployment), []));
  it('refuses manifests without any pod', () =>
    assert.throws(() => check('{apiVersion: v1, kind: ConfigMap, metadata: {name: c}}'), {
      code: 'ERR_LOCAL_MANIFEST',
      message: 'a.yaml: ConfigMap c: there is no pod to run',
    }));
  it('refuses an image that nothing stands for', () =>
    assert.throws(() => check(deployment.replace('image: i', 'image: other')), { code: 'ERR_LOCAL_PROGRAM' }));
  it('refuses what is not simulated', () =>
    assert.throws(() => check(deployment.replace('spec: {containers', 'spec: {hostNetwork: true, containers')), {
      code: 'ERR_LOCAL_NOT_SIMULATED',
    }));
});

describe('checkSimulationLimits', () => {
  const check = (spec: Record<string, unknown>) =>
    checkSimulationLimits('p', {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'p' },
      spec: { containers: [{ name: 'c' }], ...spec },
    } as Pod);

  it('has nothing to say about a plain pod', () =>
    assert.deepEqual(check({ volumes: [{ name: 'v', emptyDir: {} }] }), []));

  const refused: { name: string; spec: Record<string, unknown> }[] = [
    { name: 'a hostPath', spec: { volumes: [{ name: 'v', hostPath: { path: '/' } }] } },
    { name: 'a persistentVolumeClaim', spec: { volumes: [{ name: 'v', persistentVolumeClaim: { claimName: 'x' } }] } },
    { name: 'hostNetwork', spec: { hostNetwork: true } },
    { name: 'Windows', spec: { os: { name: 'windows' } } },
    {
      name: 'resourceFieldRef',
      spec: {
        containers: [{ name: 'c', env: [{ name: 'A', valueFrom: { resourceFieldRef: { resource: 'limits.cpu' } } }] }],
      },
    },
    {
      name: 'subPathExpr',
      spec: { containers: [{ name: 'c', volumeMounts: [{ name: 'v', mountPath: '/v', subPathExpr: '$(A)' }] }] },
    },
    { name: 'raw devices of an init container', spec: { initContainers: [{ name: 'i', volumeDevices: [] }] } },
  ];
  for (const { name, spec } of refused)
    it(`refuses ${name}`, () => assert.throws(() => check(spec), { code: 'ERR_LOCAL_NOT_SIMULATED' }));

  it('notes what merely lacks, once', () =>
    assert.deepEqual(
      check({
        containers: [
          { name: 'a', livenessProbe: {}, resources: { limits: { cpu: 1 } } },
          { name: 'b', readinessProbe: {} },
        ],
        securityContext: { runAsUser: 1000 },
      }),
      [
        'p: probes are not run',
        'p: resource limits are not enforced',
        'p: containers run as you, not as runAsUser or fsGroup',
      ],
    ));
});
