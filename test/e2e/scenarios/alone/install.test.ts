/** From an empty cluster to the first Hello, by the commands of the README and the manifests of the example. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, describe } from 'node:test';
import { parseObjects } from '../../../helm/objects.ts';
import { apply, kubectl } from '../../harness/kubectl.ts';
import { install, remove } from '../../harness/release.ts';
import { scenario } from '../../harness/scenario.ts';
import { eventually } from '../../harness/wait.ts';

const examples = join(import.meta.dirname, '../../../../examples/hello-mtls/node');

describe('installing with default values', () => {
  after(() => remove());

  scenario('lets the example say hello over mutual TLS', async () => {
    const started = Date.now();
    const notes = await install();
    assert.match(notes, /kubectl label namespace default autocert\.step\.sm=enabled/);
    const installed = Date.now();
    await kubectl('label', 'namespace', 'default', 'autocert.step.sm=enabled', '--overwrite');
    const manifests = ['hello-mtls.server.yaml', 'hello-mtls.client.yaml'];
    const objects = (
      await Promise.all(manifests.map(async (name) => parseObjects(await readFile(join(examples, name), 'utf8'))))
    ).flat();
    try {
      await apply(objects, 'default');
      const hello = await eventually('the first Hello', 120, async () => {
        const log = await kubectl('logs', '--selector=app=hello-mtls-client', '--container=hello-mtls-client');
        return /Hello.*/.exec(log)?.[0];
      });
      assert.match(hello, /^Hello, hello-mtls-client\.default\.pod\.cluster\.local/);
      const seconds = (from: number): string => ((Date.now() - from) / 1000).toFixed(1);
      console.log(`first Hello ${seconds(started)} s after helm install, ${seconds(installed)} s after the manifests`);
    } finally {
      for (const { kind, metadata } of objects) await kubectl('delete', kind, metadata.name, '--namespace=default');
      await kubectl('label', 'namespace', 'default', 'autocert.step.sm-');
    }
  });
});
