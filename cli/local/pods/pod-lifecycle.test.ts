import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FakeClock } from '../../../lib/time/fake-clock.ts';
import type { Pod } from '../manifests/objects.ts';
import type { Exit, RunningProcess } from '../processes/keeper-client.ts';
import { type LifecycleEvent, PodLifecycle } from './pod-lifecycle.ts';

type FakeProcess = RunningProcess & { exit(code: number | null, signal?: NodeJS.Signals): void };

/** A pod whose processes the test ends by hand; `log` tells what happened, in order. */
function runPod(spec: Partial<Pod['spec']>) {
  const clock = new FakeClock();
  const log: string[] = [];
  const processes = new Map<string, FakeProcess>();
  const stubborn = new Set<string>();
  const start = ({ name }: { name: string }): RunningProcess => {
    const { promise, resolve } = Promise.withResolvers<Exit>();
    log.push(`start ${name}`);
    const process: FakeProcess = {
      exited: promise,
      signal(signal) {
        log.push(`${signal} ${name}`);
        if (signal === 'SIGKILL' || !stubborn.has(name)) resolve({ code: null, signal });
      },
      exit: (code, signal) => resolve({ code, signal: signal ?? null }),
    };
    processes.set(name, process);
    return process;
  };
  const onEvent = (event: LifecycleEvent): void => {
    if (event.type === 'phase') log.push(event.phase);
    if (event.type === 'restarting') log.push(`wait ${event.inMs}`);
  };
  const pod: Pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'p', namespace: 'default' },
    spec: { containers: [{ name: 'app' }], ...spec },
  };
  const lifecycle = new PodLifecycle(pod, start, clock, onEvent);
  const phase = lifecycle.run();
  const exit = async (name: string, code: number): Promise<void> => {
    processes.get(name)?.exit(code);
    await clock.advance(0);
  };
  return { clock, log, lifecycle, phase, exit, stubborn };
}

const sidecar = { name: 'sidecar', restartPolicy: 'Always' };

describe('PodLifecycle', () => {
  it('runs init containers in order, then all containers', async () => {
    const pod = runPod({
      initContainers: [{ name: 'i1' }, { name: 'i2' }],
      containers: [{ name: 'a' }, { name: 'b' }],
      restartPolicy: 'Never',
    });
    await pod.exit('i1', 0);
    await pod.exit('i2', 0);
    await pod.exit('a', 0);
    await pod.exit('b', 0);
    assert.equal(await pod.phase, 'Succeeded');
    assert.deepEqual(pod.log, ['Pending', 'start i1', 'start i2', 'start a', 'start b', 'Running', 'Succeeded']);
  });

  it('starts a native sidecar in its turn, leaves it running and ends it last', async () => {
    const pod = runPod({ initContainers: [sidecar, { name: 'i' }], restartPolicy: 'Never' });
    await pod.exit('i', 0);
    await pod.exit('app', 0);
    assert.equal(await pod.phase, 'Succeeded');
    assert.deepEqual(pod.log, [
      'Pending',
      'start sidecar',
      'start i',
      'start app',
      'Running',
      'SIGTERM sidecar',
      'Succeeded',
    ]);
  });

  it('fails with its init container when it may not be restarted', async () => {
    const pod = runPod({ initContainers: [sidecar, { name: 'i' }], restartPolicy: 'Never' });
    await pod.exit('i', 1);
    assert.equal(await pod.phase, 'Failed');
    assert.ok(!pod.log.includes('start app'));
    assert.ok(pod.log.includes('SIGTERM sidecar'));
  });

  it('tries an init container again, after growing waits', async () => {
    const pod = runPod({ initContainers: [{ name: 'i' }], restartPolicy: 'OnFailure' });
    await pod.exit('i', 1);
    await pod.clock.advance(1_000);
    await pod.exit('i', 1);
    await pod.clock.advance(2_000);
    await pod.exit('i', 0);
    await pod.exit('app', 0);
    assert.equal(await pod.phase, 'Succeeded');
    assert.deepEqual(pod.log, [
      'Pending',
      'start i',
      'wait 1000',
      'start i',
      'wait 2000',
      'start i',
      'start app',
      'Running',
      'Succeeded',
    ]);
  });

  const policies = [
    { policy: 'Always', code: 0, restarts: true },
    { policy: 'Always', code: 1, restarts: true },
    { policy: 'OnFailure', code: 0, restarts: false },
    { policy: 'OnFailure', code: 1, restarts: true },
    { policy: 'Never', code: 1, restarts: false },
  ] as const;
  for (const { policy, code, restarts } of policies) {
    it(`${restarts ? 'restarts' : 'does not restart'} a container that exited ${code} under ${policy}`, async () => {
      const pod = runPod({ restartPolicy: policy });
      await pod.clock.advance(0);
      await pod.exit('app', code);
      await pod.clock.advance(1_000);
      assert.equal(pod.log.filter((entry) => entry === 'start app').length, restarts ? 2 : 1);
      pod.lifecycle.stop();
      await pod.clock.advance(0);
      await pod.phase;
    });
  }

  it('never waits longer than a minute, and forgets after ten good ones', async () => {
    const pod = runPod({});
    await pod.clock.advance(0);
    for (let restart = 0; restart < 8; restart++) {
      await pod.exit('app', 1);
      await pod.clock.advance(60_000);
    }
    await pod.clock.advance(600_000);
    await pod.exit('app', 1);
    const waits = pod.log.filter((entry) => entry.startsWith('wait '));
    assert.deepEqual(waits.slice(5), ['wait 32000', 'wait 60000', 'wait 60000', 'wait 1000']);
    pod.lifecycle.stop();
    await pod.clock.advance(0);
    await pod.phase;
  });

  it('ends containers before sidecars when it is stopped, and has not failed', async () => {
    const pod = runPod({ initContainers: [sidecar] });
    await pod.clock.advance(0);
    pod.lifecycle.stop();
    assert.equal(await pod.phase, 'Succeeded');
    assert.deepEqual(pod.log.slice(-3), ['SIGTERM app', 'SIGTERM sidecar', 'Succeeded']);
  });

  it('kills what ignores SIGTERM after the grace period', async () => {
    const pod = runPod({ terminationGracePeriodSeconds: 5 });
    pod.stubborn.add('app');
    await pod.clock.advance(0);
    pod.lifecycle.stop();
    await pod.clock.advance(4_999);
    assert.ok(!pod.log.includes('SIGKILL app'));
    await pod.clock.advance(1);
    assert.equal(await pod.phase, 'Failed');
    assert.deepEqual(pod.log.slice(-3), ['SIGTERM app', 'SIGKILL app', 'Failed']);
  });

  it('kills at once when it is stopped a second time', async () => {
    const pod = runPod({});
    pod.stubborn.add('app');
    await pod.clock.advance(0);
    pod.lifecycle.stop();
    await pod.clock.advance(0);
    pod.lifecycle.stop();
    await pod.clock.advance(0);
    assert.ok(pod.log.includes('SIGKILL app'));
    await pod.phase;
  });

  it('stops in the middle of a wait and of an init container', async () => {
    const waiting = runPod({});
    await waiting.clock.advance(0);
    await waiting.exit('app', 1);
    waiting.lifecycle.stop();
    await waiting.clock.advance(0);
    await waiting.phase;
    const initialising = runPod({ initContainers: [{ name: 'i' }] });
    await initialising.clock.advance(0);
    initialising.lifecycle.stop();
    await initialising.clock.advance(0);
    await initialising.phase;
    assert.deepEqual(initialising.log, ['Pending', 'start i', 'SIGTERM i', 'Failed']);
  });
});
