/** The config.yaml of the chart is one that the webhook itself reads: strictly, with no key it does not know. */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { chartFolder } from '../../tools/manifests/helm.ts';
import { parsedConfigOf, render } from './chart.ts';
import { type KubernetesObject, valueAt } from './objects.ts';

describe('the config.yaml of the chart', () => {
  for (const name of readdirSync(join(chartFolder, 'ci'))) {
    it(`is read by the webhook with ${name}`, async () => {
      const objects = await render({ valuesFiles: [join(chartFolder, 'ci', name)] });
      const config = parsedConfigOf(objects);
      const webhook = valueAt<KubernetesObject>(
        objects.find(({ kind }) => kind === 'MutatingWebhookConfiguration'),
        'webhooks.0',
      );
      const service = valueAt<{ name: string; namespace: string }>(webhook, 'clientConfig.service');
      assert.deepEqual([service.name, service.namespace], [config.service, config.namespace]);
      assert.equal(config.bootstrapUrl, `https://${config.service}.step.svc:4444/v1/bootstrap`);
      const acts = config.events || config.tokenMode === 'secret';
      assert.equal(webhook.sideEffects, acts ? 'NoneOnDryRun' : 'None');
    });
  }
});
