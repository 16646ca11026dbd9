/**
 * What a real API server stores of annotated pods, compared with golden files; what it refuses, and with which words.
 * `make golden` writes the files anew; the difference is reviewed like code.
 */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { parse } from 'yaml';
import { parseCertificatePem } from '../../../lib/encoding/index.ts';
import { fingerprint } from '../../../lib/x509/index.ts';
import type { ApiAnswer } from '../../peers/kubernetes-api.ts';
import { type AdmissionCluster, startAdmissionCluster } from './admission-cluster.ts';
import { type LateWebhook, startLateWebhook } from './late-webhook.ts';
import { refusals } from './refusals.ts';
import { comparablePod } from './stored-pod.ts';

type Pod = {
  metadata: { name: string; annotations?: Record<string, string> };
  spec: {
    initContainers?: { name: string; env?: { name: string; valueFrom?: { secretKeyRef?: { name: string } } }[] }[];
    containers: { name: string; volumeMounts?: { mountPath: string }[] }[];
    volumes?: { name: string }[];
  };
};

const podFolder = join(import.meta.dirname, 'pods');
const goldenFolder = join(import.meta.dirname, '../../golden/api-server');
const cases = readdirSync(podFolder).map((file) => file.replace(/\.yaml$/, ''));
const readPod = (name: string): Pod => parse(readFileSync(join(podFolder, `${name}.yaml`), 'utf8')) as Pod;
const messageOf = ({ body }: ApiAnswer): string => (body as { message: string }).message;

/** What differs from run to run. */
function placeholders(cluster: AdmissionCluster): Map<string, string> {
  const [root] = parseCertificatePem(cluster.authority.rootPem);
  return new Map([
    [cluster.authority.url, 'https://ca.test'],
    [root ? fingerprint(root) : '', '<fingerprint of the root>'],
  ]);
}

function compareWithGolden(mode: string, name: string, stored: unknown): void {
  const path = join(goldenFolder, mode, `${name}.json`);
  const text = `${JSON.stringify(stored, undefined, 2)}\n`;
  if (process.env.AUTOCERT_WRITE_GOLDEN) {
    mkdirSync(join(goldenFolder, mode), { recursive: true });
    writeFileSync(path, text);
  }
  assert.ok(existsSync(path), `${path} is missing; write it with: make golden`);
  assert.deepEqual(stored, JSON.parse(readFileSync(path, 'utf8')));
}

async function createTestNamespaces(cluster: AdmissionCluster): Promise<void> {
  const enabled = { 'autocert.step.sm': 'enabled' };
  const restricted = { 'pod-security.kubernetes.io/enforce': 'restricted' };
  await cluster.createNamespace('apps', enabled);
  await cluster.createNamespace('locked-down', { ...enabled, ...restricted });
  await cluster.createNamespace('unlabelled', {});
}

const namespaceOf = (name: string): string => (name === 'restricted' ? 'locked-down' : 'apps');

describe('a real API server with the webhook in token mode service-account', () => {
  let cluster: AdmissionCluster;
  before(async () => {
    cluster = await startAdmissionCluster('service-account');
    await createTestNamespaces(cluster);
  });
  after(() => cluster?.stop());

  for (const name of cases) {
    it(`stores ${name} as the golden file says`, async () => {
      const answer = await cluster.createPod(namespaceOf(name), readPod(name));
      assert.equal(answer.status, 201, messageOf(answer));
      compareWithGolden('service-account', name, comparablePod(answer.body, placeholders(cluster)));
    });
  }

  for (const { name, annotations, spec, status, message } of refusals) {
    it(`refuses ${name} in words that help`, async () => {
      const pod = readPod('plain');
      const answer = await cluster.createPod('apps', {
        ...pod,
        metadata: { name: 'refused', annotations: { ...pod.metadata.annotations, ...annotations } },
        spec: { ...pod.spec, ...spec },
      });
      assert.equal(answer.status, status, JSON.stringify(answer.body));
      assert.match(messageOf(answer), message);
      const stored = await cluster.api.call('GET', '/api/v1/namespaces/apps/pods/refused');
      assert.equal(stored.status, 404);
    });
  }

  it('answers a dry run with the pod that it would have stored, and stores nothing', async () => {
    const pod = readPod('plain');
    pod.metadata.name = 'dry';
    const { status, body } = await cluster.createPod('apps', pod, '?dryRun=All');
    assert.equal(status, 201);
    assert.ok((body as Pod).spec.initContainers?.some(({ name }) => name === 'autocert-bootstrapper'));
    assert.equal((await cluster.api.call('GET', '/api/v1/namespaces/apps/pods/dry')).status, 404);
  });

  it('leaves pods alone in a namespace without the label', async () => {
    const { status, body } = await cluster.createPod('unlabelled', readPod('plain'));
    assert.equal(status, 201);
    assert.equal((body as Pod).spec.initContainers, undefined);
    assert.equal((body as Pod).spec.volumes, undefined);
  });

  it('leaves a pod without the annotation alone', async () => {
    const pod = readPod('plain');
    pod.metadata = { name: 'not-annotated' };
    const { body } = await cluster.createPod('apps', pod);
    assert.equal((body as Pod).spec.initContainers, undefined);
  });

  it('refuses the same pod in PodSecurity restricted only for what the pod itself does', async () => {
    const answer = await cluster.createPod('locked-down', readPod('plain'));
    assert.equal(answer.status, 403);
    assert.match(messageOf(answer), /violates PodSecurity "restricted/);
    assert.doesNotMatch(messageOf(answer), /autocert-/);
  });

  it('writes nothing but decisions into its log: no token, no patch', () => {
    assert.match(cluster.log(), /"decision":"inject"/);
    assert.doesNotMatch(cluster.log(), /eyJ|initContainers/);
  });
});

describe('reinvocation, when a later webhook adds a container', () => {
  let cluster: AdmissionCluster;
  let late: LateWebhook;
  before(async () => {
    cluster = await startAdmissionCluster('secret');
    await createTestNamespaces(cluster);
    late = await startLateWebhook();
    const rules = [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['pods'] }];
    await cluster.api.call('POST', '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations', {
      apiVersion: 'admissionregistration.k8s.io/v1',
      kind: 'MutatingWebhookConfiguration',
      metadata: { name: 'zz-late' },
      webhooks: [
        {
          name: 'late.example.com',
          clientConfig: { url: late.url, caBundle: Buffer.from(late.caPem).toString('base64') },
          rules,
          namespaceSelector: { matchLabels: { late: 'yes' } },
          admissionReviewVersions: ['v1'],
          sideEffects: 'None',
          failurePolicy: 'Fail',
        },
      ],
    });
    await cluster.createNamespace('late', { 'autocert.step.sm': 'enabled', late: 'yes' });
  });
  after(async () => {
    await late?.stop();
    await cluster?.stop();
  });

  it('mounts the certificate in that container too, with one token and one of each of our containers', async () => {
    let answer: ApiAnswer;
    const pod = readPod('plain');
    pod.metadata.annotations = { 'autocert.step.sm/name': 'plain.late.svc.cluster.local' };
    const deadline = Date.now() + 30_000;
    do {
      // the new webhook is called a moment after it is stored
      answer = await cluster.createPod('late', pod, '?dryRun=All');
    } while (!JSON.stringify(answer.body).includes('late-sidecar') && Date.now() < deadline);
    answer = await cluster.createPod('late', pod);
    assert.equal(answer.status, 201, messageOf(answer));
    const { spec } = answer.body as Pod;
    const lateContainer = spec.containers.find(({ name }) => name === 'late-sidecar');
    assert.deepEqual(
      lateContainer?.volumeMounts?.map(({ mountPath }) => mountPath),
      ['/var/run/autocert.step.sm'],
    );
    const names = [...(spec.initContainers ?? []), ...spec.containers].map(({ name }) => name);
    assert.equal(names.filter((name) => name === 'autocert-bootstrapper').length, 1);
    assert.equal(names.filter((name) => name === 'autocert-renewer').length, 1);
    const secrets = await cluster.api.call('GET', '/api/v1/namespaces/late/secrets');
    assert.equal((secrets.body as { items: unknown[] }).items.length, 1);
  });
});

describe('a real API server with the webhook in token mode secret', () => {
  let cluster: AdmissionCluster;
  before(async () => {
    cluster = await startAdmissionCluster('secret');
    await createTestNamespaces(cluster);
  });
  after(() => cluster?.stop());

  const secretsIn = async (
    namespace: string,
  ): Promise<{ metadata: { name: string; labels: Record<string, string> } }[]> => {
    const { body } = await cluster.api.call('GET', `/api/v1/namespaces/${namespace}/secrets`);
    return (body as { items: { metadata: { name: string; labels: Record<string, string> } }[] }).items;
  };

  for (const name of ['plain', 'deployment', 'all-annotations', 'restricted']) {
    it(`stores ${name} as the golden file says, with a Secret that holds its token`, async () => {
      const answer = await cluster.createPod(namespaceOf(name), readPod(name));
      assert.equal(answer.status, 201, messageOf(answer));
      const reference = (answer.body as Pod).spec.initContainers
        ?.flatMap(({ env }) => env ?? [])
        .find(({ name: variable }) => variable === 'STEP_TOKEN')?.valueFrom?.secretKeyRef;
      const secret = (await secretsIn(namespaceOf(name))).find(({ metadata }) => metadata.name === reference?.name);
      assert.equal(secret?.metadata.labels['autocert.step.sm/token'], 'true');
      const replacements = placeholders(cluster).set(reference?.name ?? '', '<token Secret>');
      compareWithGolden('secret', name, comparablePod(answer.body, replacements));
    });
  }

  it('creates no Secret on a dry run', async () => {
    const before = (await secretsIn('apps')).length;
    const pod = readPod('plain');
    pod.metadata.name = 'dry';
    const { status, body } = await cluster.createPod('apps', pod, '?dryRun=All');
    assert.equal(status, 201);
    assert.ok(JSON.stringify(body).includes('STEP_TOKEN'));
    assert.equal((await secretsIn('apps')).length, before);
  });
});
