/** The manifests of the examples, as a real API server sees them in a namespace with PodSecurity `restricted`. */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { type KubernetesApi, startKubernetesApi } from '../../peers/kubernetes-api.ts';
import { root } from './command.ts';

const examples = join(root, 'examples');
const manifests = readdirSync(examples, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.yaml'));

describe('manifests of the examples', () => {
  let api: KubernetesApi;
  before(async () => {
    api = await startKubernetesApi();
    const label = 'pod-security.kubernetes.io';
    await api.kubectl(['label', 'namespace', 'default', `${label}/warn=restricted`, `${label}/enforce=restricted`]);
  });
  after(() => api?.stop());

  it('are there', () => assert.ok(manifests.length >= 3));
  for (const path of manifests) {
    it(`are valid and restricted: ${path}`, async () => {
      const flags = ['--validate=strict', '--warnings-as-errors', '--dry-run=server'];
      assert.match(await api.kubectl(['apply', ...flags, '-f', join(examples, path)]), /created/);
    });
  }
});
