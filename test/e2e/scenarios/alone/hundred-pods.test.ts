/** A hundred pods at once, with and without certificates: all become ready, and the ratio of both times is printed. */
import assert from 'node:assert/strict';
import { after, before, describe } from 'node:test';
import { pod } from '../../harness/pods.ts';
import { install, remove } from '../../harness/release.ts';
import { isReady, type Scenario, scenario } from '../../harness/scenario.ts';
import { eventually } from '../../harness/wait.ts';

const count = 100;

/** Seconds from the creation of the pods until all of them are ready. */
async function timeUntilReady(s: Scenario, prefix: string, annotated: boolean): Promise<number> {
  const pods = Array.from({ length: count }, (_, index) => {
    const name = `${prefix}-${index}`;
    return pod(name, {
      labels: { batch: prefix },
      annotations: annotated ? { name: `${name}.${s.namespace}.svc` } : {},
    });
  });
  const started = Date.now();
  await s.apply(...pods);
  const ready = await eventually(`${count} ready pods`, 600, async () => {
    const made = await s.pods(`batch=${prefix}`);
    return made.every(isReady) && made;
  });
  const seconds = (Date.now() - started) / 1000;
  const injected = ready.filter(({ spec }) => spec.initContainers?.[0]?.name === 'autocert-bootstrapper');
  assert.equal(injected.length, annotated ? count : 0);
  await s.kubectl('delete', 'pods', `--selector=batch=${prefix}`, '--grace-period=0', '--force', '--wait=false');
  await eventually('the pods to go', 300, async () => (await s.pods(`batch=${prefix}`)).length === 0);
  return seconds;
}

describe('a hundred pods at once', () => {
  before(() => install());
  after(() => remove());

  scenario('become ready with certificates, little later than without', async (s) => {
    const plain = await timeUntilReady(s, 'plain', false);
    const annotated = await timeUntilReady(s, 'annotated', true);
    console.log(
      `${count} pods: ${plain.toFixed(1)} s without, ${annotated.toFixed(1)} s with certificates, ratio ${(annotated / plain).toFixed(2)}`,
    );
  });
});
