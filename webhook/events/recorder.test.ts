import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { CoreV1Event } from '@kubernetes/client-node';
import { AppError } from '../../lib/errors/index.ts';
import { silentLogger } from '../../lib/log/index.ts';
import { FakeClock } from '../../lib/time/fake-clock.ts';
import type { EventDraft } from './event.ts';
import { EventRecorder } from './recorder.ts';

const draftOf = (name: string, changes: Partial<EventDraft> = {}): EventDraft => ({
  subject: { apiVersion: 'apps/v1', kind: 'ReplicaSet', namespace: 'shop', name, uid: `uid of ${name}` },
  type: 'Normal',
  reason: 'AutocertInjected',
  message: 'injected',
  ...changes,
});

const bare: EventDraft = {
  ...draftOf('web'),
  subject: { apiVersion: 'v1', kind: 'Pod', namespace: 'shop', name: 'web' },
  awaitsUid: true,
};

/** Events in memory; `fail` is thrown by the next calls while it is set. */
async function withRecorder(
  use: (kit: {
    recorder: EventRecorder;
    clock: FakeClock;
    events: Map<string, CoreV1Event>;
    calls: string[];
    dropped: Record<string, number>;
    pending: () => number;
    set: { fail?: AppError | undefined; pod?: string | undefined };
  }) => Promise<void>,
): Promise<void> {
  const clock = new FakeClock();
  const events = new Map<string, CoreV1Event>();
  const calls: string[] = [];
  const dropped: Record<string, number> = {};
  let pending = 0;
  const set: { fail?: AppError | undefined; pod?: string | undefined } = {};
  let serial = 0;
  const recorder = new EventRecorder({
    clock,
    random: () => (serial++ % 1000) / 1000,
    log: silentLogger,
    metrics: {
      eventWritten: () => {},
      eventsDropped: (why, count) => {
        dropped[why] = (dropped[why] ?? 0) + count;
      },
      eventsPending: (count) => {
        pending = count;
      },
    },
    store: {
      async createEvent(event) {
        calls.push('create');
        if (set.fail) throw set.fail;
        events.set(event.metadata.name ?? '', event);
      },
      async patchEvent(_, name, patch) {
        calls.push('patch');
        if (set.fail) throw set.fail;
        const event = events.get(name);
        if (!event) return false;
        event.count = Number(patch[0]?.value);
        return true;
      },
      async readPod() {
        calls.push('get');
        return set.pod === undefined ? undefined : { metadata: { uid: set.pod } };
      },
    },
  });
  const abort = new AbortController();
  const running = recorder.run(abort.signal);
  try {
    await clock.advance(0);
    await use({ recorder, clock, events, calls, dropped, pending: () => pending, set });
  } finally {
    abort.abort();
    await running;
    assert.equal(clock.sleeping, 0);
  }
}

const away = new AppError('ERR_KUBERNETES_UNREACHABLE', 'unavailable', 'no answer');
const forbidden = new AppError('ERR_KUBERNETES_REFUSED', 'forbidden', 'no');

describe('EventRecorder', () => {
  it('writes a burst of a hundred pods of one ReplicaSet as one event', () =>
    withRecorder(async ({ recorder, clock, events, calls }) => {
      for (let pod = 0; pod < 100; pod++) recorder.record(draftOf('web'));
      await clock.advance(2_000);
      assert.deepEqual(
        [...events.values()].map(({ count }) => count),
        [100],
      );
      assert.deepEqual(calls, ['create']);
    }));

  it('counts up at most twice a minute, under a ReplicaSet that is refused ten times a second for an hour', () =>
    withRecorder(async ({ recorder, clock, events, calls }) => {
      for (let second = 0; second < 3600; second++) {
        for (let time = 0; time < 10; time++) recorder.record(draftOf('web'));
        await clock.advance(1_000);
      }
      await clock.advance(60_000);
      assert.deepEqual(
        [...events.values()].map(({ count }) => count),
        [36_000],
      );
      assert.ok(calls.length > 100 && calls.length <= 125, `${calls.length} calls`);
    }));

  it('tells ten things of one object in ten minutes, and counts what it leaves out', () =>
    withRecorder(async ({ recorder, clock, events, dropped }) => {
      for (let time = 0; time < 50; time++) recorder.record(draftOf('web', { message: `reason ${time}` }));
      await clock.advance(60_000);
      assert.deepEqual([events.size, dropped], [10, { 'object-limit': 40 }]);
      await clock.advance(10 * 60_000);
      recorder.record(draftOf('web', { message: 'later' }));
      await clock.advance(10_000);
      assert.equal(events.size, 11);
    }));

  it('writes 25 events at once and then five a second, of however many objects', () =>
    withRecorder(async ({ recorder, clock, events }) => {
      for (let object = 0; object < 200; object++) recorder.record(draftOf(`web-${object}`));
      await clock.advance(1_000);
      assert.equal(events.size, 25);
      await clock.advance(10_000);
      assert.ok(Math.abs(events.size - 75) <= 1, `${events.size}`);
      await clock.advance(60_000);
      assert.equal(events.size, 200);
    }));

  it('holds a thousand and counts what is beyond', () =>
    withRecorder(async ({ recorder, dropped }) => {
      for (let object = 0; object < 1_500; object++) recorder.record(draftOf(`web-${object}`));
      assert.deepEqual(dropped, { 'queue-full': 500 });
    }));

  it('forgets what is told to make room for what is not', () =>
    withRecorder(async ({ recorder, clock, events, dropped }) => {
      for (let object = 0; object < 1_000; object++) recorder.record(draftOf(`web-${object}`));
      await clock.advance(5 * 60_000);
      assert.equal(events.size, 1_000);
      recorder.record(draftOf('late'));
      await clock.advance(2_000);
      assert.deepEqual([events.size, dropped], [1_001, {}]);
    }));

  it('begins a new event when the old one is gone, and after a long silence', () =>
    withRecorder(async ({ recorder, clock, events }) => {
      recorder.record(draftOf('web'));
      await clock.advance(2_000);
      events.clear();
      recorder.record(draftOf('web'));
      await clock.advance(60_000);
      assert.deepEqual(
        [...events.values()].map(({ count }) => count),
        [2],
      );
      await clock.advance(20 * 60_000);
      recorder.record(draftOf('web'));
      await clock.advance(60_000);
      assert.deepEqual(
        [...events.values()].map(({ count }) => count),
        [2, 1],
      );
    }));

  it('tries again while the API server is away, and gives up', () =>
    withRecorder(async ({ recorder, clock, events, calls, dropped, set, pending }) => {
      set.fail = away;
      recorder.record(draftOf('web'));
      recorder.record(draftOf('web'));
      await clock.advance(2_000);
      assert.deepEqual([calls.length > 0, pending()], [true, 1]);
      set.fail = undefined;
      await clock.advance(60_000);
      assert.deepEqual([[...events.values()].map(({ count }) => count), dropped, pending()], [[2], {}, 0]);
      set.fail = away;
      recorder.record(draftOf('other'));
      await clock.advance(10 * 60_000);
      assert.deepEqual([dropped, pending()], [{ unreachable: 1 }, 0]);
    }));

  it('drops at once what it may not write', () =>
    withRecorder(async ({ recorder, clock, calls, dropped, set }) => {
      set.fail = forbidden;
      recorder.record(draftOf('web'));
      await clock.advance(60_000);
      assert.deepEqual([calls, dropped], [['create'], { refused: 1 }]);
    }));

  it('looks up the uid of a pod that was just made', () =>
    withRecorder(async ({ recorder, clock, events, set }) => {
      set.pod = 'pod-uid';
      recorder.record(bare);
      await clock.advance(2_000);
      assert.deepEqual(
        [...events.values()].map(({ involvedObject }) => involvedObject.uid),
        ['pod-uid'],
      );
    }));

  it('tells it all the same when the pod is not there', () =>
    withRecorder(async ({ recorder, clock, events }) => {
      recorder.record(bare);
      await clock.advance(2_000);
      assert.deepEqual(
        [...events.values()].map(({ involvedObject }) => involvedObject.uid),
        [undefined],
      );
    }));

  it('says nothing of a reinvocation right after an injection, and something of a copied pod', () =>
    withRecorder(async ({ recorder, clock, events }) => {
      const skipped = draftOf('web', {
        reason: 'AutocertSkipped',
        message: 'already',
        unlessAfter: 'AutocertInjected',
      });
      recorder.record(draftOf('web'));
      recorder.record(skipped);
      recorder.record({ ...skipped, subject: { ...skipped.subject, name: 'copy' } });
      await clock.advance(60_000);
      assert.deepEqual(
        [...events.values()].map(({ reason, involvedObject }) => [reason, involvedObject.name]),
        [
          ['AutocertInjected', 'web'],
          ['AutocertSkipped', 'copy'],
        ],
      );
      recorder.record(skipped);
      await clock.advance(60_000);
      assert.equal(events.size, 3);
    }));
});
