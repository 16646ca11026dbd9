/** manifests/ is what the chart renders, so that both ways of installing install the same. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { parse } from 'yaml';
import { chartFolder, templateChart } from '../../tools/manifests/helm.ts';
import { manifestPath, renderManifests } from '../../tools/manifests/render.ts';
import { parseObjects } from './objects.ts';

describe('manifests/autocert.yaml', () => {
  const text = readFileSync(manifestPath, 'utf8');

  it('is what `make manifests` writes', async () => assert.equal(text, await renderManifests()));
  it('holds the namespace and then the objects of the chart with default values', async () => {
    const [namespace, ...objects] = parseObjects(text);
    assert.deepEqual([namespace?.kind, namespace?.metadata.name], ['Namespace', 'step']);
    assert.deepEqual(objects, parseObjects(await templateChart()));
  });
});

describe('the chart', () => {
  it('has the version of the package, and so have its images', () => {
    const { version } = JSON.parse(readFileSync(join(chartFolder, '..', '..', 'package.json'), 'utf8'));
    const chart = parse(readFileSync(join(chartFolder, 'Chart.yaml'), 'utf8'));
    assert.deepEqual([chart.version, chart.appVersion], [version, version]);
  });
});
