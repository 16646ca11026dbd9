/**
 * A hundred pods at once (forty in the short form): all become ready. Prints how long that took without certificates, with
 * them, and with an init container and a sidecar that do nothing, which is what kubelet and containerd take for two more
 * containers.
 */
import assert from 'node:assert/strict';
import { after, before, describe } from 'node:test';
import { pod } from '../../harness/pods.ts';
import { install, remove } from '../../harness/release.ts';
import { isReady, type Scenario, scenario } from '../../harness/scenario.ts';
import { eventually, isSoak } from '../../harness/wait.ts';

const count = isSoak ? 100 : 24;

/** Seconds from the creation of the pods until all of them are ready. */
async function timeUntilReady(s: Scenario, prefix: string, { annotated = false, spec = {} } = {}): Promise<number> {
  const pods = Array.from({ length: count }, (_, index) => {
    const name = `${prefix}-${index}`;
    return pod(name, {
      labels: { batch: prefix },
      spec,
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

const doingNothing = (name: string, command: readonly string[], more: object = {}): object => ({
  ...{ name, image: 'toolbox:1', imagePullPolicy: 'Never', command },
  ...more,
});
const emptyContainers = [
  doingNothing('init', ['true']),
  doingNothing('sidecar', ['sleep', 'infinity'], { restartPolicy: 'Always' }),
];

describe('a hundred pods at once', () => {
  before(() => install());
  after(() => remove());

  scenario('become ready with certificates', async (s) => {
    const plain = await timeUntilReady(s, 'plain');
    const empty = await timeUntilReady(s, 'empty', { spec: { initContainers: emptyContainers } });
    const annotated = await timeUntilReady(s, 'annotated', { annotated: true });
    const shown = (seconds: number): string => `${seconds.toFixed(1)} s (${(seconds / plain).toFixed(2)})`;
    console.log(
      `${count} pods: ${shown(plain)} as they are, ${shown(empty)} with two empty containers, ${shown(annotated)} with certificates`,
    );
  });
});
