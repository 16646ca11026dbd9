import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { cpuMs, memoryOf, parseCpuMs, parseMemory, parseRunNs, runNs } from './process-cost.ts';

describe('parseCpuMs', () => {
  it('adds user and system time, whatever the program is called', () => {
    const rest = 'S 1 1 1 0 -1 4194304 100 0 0 0 25 5 0 0 20 0 11 0 100 1000 100 18446744073709551615';
    assert.equal(parseCpuMs(`42 (node) ${rest}`), 300);
    assert.equal(parseCpuMs(`42 (a) b) ${rest}`), 300);
  });
});

describe('parseMemory', () => {
  it('reads the sums of smaps_rollup', () => {
    const rollup =
      'Rss:               10 kB\nPss:                8 kB\nPss_Dirty:          7 kB\nPrivate_Dirty:      3 kB\n';
    assert.deepEqual(parseMemory(rollup), { rss: 10, pss: 8, privateDirty: 3 });
  });
});

describe('parseRunNs', () => {
  it('takes the first figure of schedstat', () => assert.equal(parseRunNs('123456789 42 7\n'), 123_456_789));
});

describe('this process', () => {
  it('has run about as long by either clock', () => {
    const [ms, ns] = [cpuMs(process.pid), runNs(process.pid)];
    assert.ok(ns > 0 && ns / 1e6 < ms + 1000, `${ms} ms and ${ns} ns`);
  });

  it('has used CPU and holds memory', () => {
    const { rss, pss, privateDirty } = memoryOf(process.pid);
    assert.ok(cpuMs(process.pid) > 0 && rss >= pss && pss >= privateDirty && privateDirty > 0);
  });
});
