/**
 * The chart with every values file of charts/autocert/ci: real Helm 4 and 3 lint and render it alike, kubeconform finds
 * nothing against the schemas of Kubernetes 1.37, and a real API server takes every object and every pod, the pods in a
 * namespace that enforces PodSecurity `restricted`.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { chartFolder, lintChart, templateChart } from '../../tools/manifests/helm.ts';
import { peerPath } from '../../tools/peers/index.ts';
import { type KubernetesApi, startKubernetesApi } from '../peers/kubernetes-api.ts';
import { type OpenApiDocument, schemaLocation, writeSchemas } from './kubernetes-schemas.ts';
import { type KubernetesObject, parseObjects, valueAt } from './objects.ts';

const sets = readdirSync(join(chartFolder, 'ci'))
  .filter((name) => name.endsWith('-values.yaml'))
  .map((name) => ({ name, path: join(chartFolder, 'ci', name) }));

/** API groups of the kinds the chart renders. */
const groupVersions = [
  'api/v1',
  'apis/apps/v1',
  'apis/policy/v1',
  'apis/networking.k8s.io/v1',
  'apis/rbac.authorization.k8s.io/v1',
  'apis/admissionregistration.k8s.io/v1',
  'apis/monitoring.coreos.com/v1',
];

/** Kinds of the Prometheus operator. */
const customKinds = ['servicemonitors', 'podmonitors', 'prometheusrules'];

describe('the chart', () => {
  let api: KubernetesApi;
  let folder: string;
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'autocert-helm-'));
    api = await startKubernetesApi();
    const files = customKinds.flatMap((kind) => ['-f', peerPath(`${kind}.yaml`)]);
    await api.kubectl(['apply', '--server-side', ...files]);
    const names = customKinds.map((kind) => `crd/${kind}.monitoring.coreos.com`);
    await api.kubectl(['wait', '--for=condition=Established', '--timeout=60s', ...names]);
    await until('the schemas of the Prometheus operator', async () => {
      const { body } = await api.call('GET', '/openapi/v3/apis/monitoring.coreos.com/v1');
      return customKinds.every((kind) => JSON.stringify(body).includes(`/${kind}/`));
    });
    const answers = await Promise.all(groupVersions.map((path) => api.call('GET', `/openapi/v3/${path}`)));
    await writeSchemas(
      folder,
      answers.map(({ body }) => body as OpenApiDocument),
    );
    await api.kubectl(['create', 'namespace', 'step']);
    await api.kubectl(['label', 'namespace', 'step', 'pod-security.kubernetes.io/enforce=restricted']);
  });
  after(async () => {
    await api?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  /** Standard output of kubeconform; rejects when it finds something. */
  const kubeconform = async (manifest: string): Promise<string> => {
    const path = join(folder, 'manifest.yaml');
    writeFileSync(path, manifest);
    const flags = ['-strict', '-summary', '-kubernetes-version', '1.37.2', '-schema-location', schemaLocation(folder)];
    return (await promisify(execFile)(peerPath('kubeconform'), [...flags, path])).stdout;
  };

  for (const { name, path } of sets) {
    describe(`with ${name}`, () => {
      const valuesFiles = [path];

      it('is linted by Helm 4 and Helm 3', async () => {
        assert.match(await lintChart({ valuesFiles }), /0 chart\(s\) failed/);
        assert.match(await lintChart({ valuesFiles, helm: 'helm3' }), /0 chart\(s\) failed/);
      });
      it('renders the same objects with Helm 4 and Helm 3', async () => {
        const byHelm4 = parseObjects(await templateChart({ valuesFiles }));
        const byHelm3 = parseObjects(await templateChart({ valuesFiles, helm: 'helm3' }));
        assert.ok(byHelm4.length > 0);
        assert.deepEqual(byHelm3, byHelm4);
      });
      it('fits the schemas of Kubernetes 1.37', async () => {
        const manifest = await templateChart({ valuesFiles });
        const count = parseObjects(manifest).length;
        assert.match(await kubeconform(manifest), new RegExp(`Valid: ${count}, Invalid: 0, Errors: 0, Skipped: 0`));
      });
      it('is taken by a real API server', async () => {
        const manifest = await templateChart({ valuesFiles });
        const flags = ['--server-side', '--dry-run=server', '--validate=strict'];
        const output = await api.kubectl(['apply', ...flags, '-f', '-'], manifest);
        assert.equal(output.trim().split('\n').length, parseObjects(manifest).length);
      });
      it('has pods that satisfy PodSecurity restricted', async () => {
        const templates = parseObjects(await templateChart({ valuesFiles })).filter((object) =>
          valueAt(object, 'spec.template'),
        );
        assert.ok(templates.length > 0);
        for (const workload of templates) {
          const answer = await api.call('POST', '/api/v1/namespaces/step/pods?dryRun=All', podOf(workload));
          assert.equal(answer.status, 201, JSON.stringify(answer.body));
        }
      });
    });
  }

  it('is found out by kubeconform when a field is misspelt', async () => {
    const manifest = (await templateChart()).replace('minAvailable: 1', 'minAvailabel: 1');
    await assert.rejects(kubeconform(manifest), (error: { stdout: string }) => /minAvailabel/.test(error.stdout));
  });
  it('is refused by the API server when its pods give up what PodSecurity asks for', async () => {
    const set = ['autocert.hostNetwork=true'];
    const [deployment] = parseObjects(await templateChart({ set })).filter(({ kind }) => kind === 'Deployment');
    assert.ok(deployment);
    const answer = await api.call('POST', '/api/v1/namespaces/step/pods?dryRun=All', podOf(deployment));
    assert.equal(answer.status, 403);
    assert.match(JSON.stringify(answer.body), /host namespaces/);
  });
});

/** The API server publishes the schemas of new kinds after a moment. */
async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 60_000;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`${what}: not there within a minute`);
    await sleep(100);
  }
}

/** A pod as the workload's controller would create it, with the volumes that a StatefulSet adds. */
function podOf(workload: KubernetesObject): object {
  const template = valueAt<{ metadata: object; spec: { volumes?: object[] } }>(workload, 'spec.template');
  const claims = valueAt<KubernetesObject[] | undefined>(workload, 'spec.volumeClaimTemplates') ?? [];
  const volumes = claims.map(({ metadata: { name } }) => ({ name, persistentVolumeClaim: { claimName: name } }));
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { ...template.metadata, name: workload.metadata.name },
    spec: { ...template.spec, volumes: [...(template.spec.volumes ?? []), ...volumes] },
  };
}
