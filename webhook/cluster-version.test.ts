import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AppError } from '../lib/errors/index.ts';
import type { KubernetesVersion } from '../lib/kubernetes/index.ts';
import { silentLogger } from '../lib/log/index.ts';
import { FakeClock } from '../lib/time/fake-clock.ts';
import { watchClusterVersion } from './cluster-version.ts';
import { Readiness } from './readiness.ts';

describe('watchClusterVersion', () => {
  it('tries until it knows, then looks again every hour and keeps what it knows when that fails', async () => {
    const clock = new FakeClock();
    const readiness = new Readiness(['kubernetes']);
    const seen: number[] = [];
    let answer: KubernetesVersion | undefined;
    let calls = 0;
    const serverVersion = async (): Promise<KubernetesVersion> => {
      calls += 1;
      if (!answer) throw new AppError('ERR_KUBERNETES_UNREACHABLE', 'unavailable', 'kubernetes: no answer');
      return answer;
    };
    const abort = new AbortController();
    const deps = { clock, random: () => 0.5, log: silentLogger, readiness };
    const running = watchClusterVersion({ serverVersion }, deps, ({ minor }) => seen.push(minor), abort.signal);

    await clock.advance(5_000);
    assert.ok(calls > 2);
    assert.match(readiness.report().why ?? '', /kubernetes: no answer/);
    answer = { major: 1, minor: 37, gitVersion: 'v1.37.2' };
    await clock.advance(60_000);
    assert.deepEqual([seen, readiness.report().ready], [[37], true]);
    answer = undefined;
    await clock.advance(3_600_000);
    assert.equal(readiness.report().ready, true);
    answer = { major: 1, minor: 38, gitVersion: 'v1.38.0' };
    await clock.advance(60_000);
    assert.deepEqual(seen, [37, 38]);

    abort.abort();
    await running;
    assert.equal(clock.sleeping, 0);
  });
});
