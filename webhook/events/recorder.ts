/**
 * Sends events without ever standing in the way: an admission leaves a draft here and goes on.
 *
 *   the same again        counted, and the event in the cluster is updated at most twice a minute
 *   many of one object    ten different events in ten minutes, as of a crash loop whose message changes
 *   many in all           25 at once and five a second, whatever happens
 *   an API server away    a few attempts with growing waits
 *
 * What is beyond is dropped and counted. Memory is bounded by the number of entries.
 */
import { isAppError } from '../../lib/errors/index.ts';
import type { Logger } from '../../lib/log/index.ts';
import { type BackoffPolicy, backoffMs, type Clock, type EpochMs } from '../../lib/time/index.ts';
import { RateLimiter } from '../bootstrap/rate-limit.ts';
import type { EventStore, PodReader } from '../ports.ts';
import { buildEvent, type EventDraft, type EventSink, keyOf, subjectKeyOf } from './event.ts';

/** Why an event was not sent. */
export type DropReason = 'queue-full' | 'object-limit' | 'unreachable' | 'refused';

export type RecorderDeps = {
  readonly store: EventStore & PodReader;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Logger;
  readonly metrics: {
    /** One call that wrote an event. */
    eventWritten(reason: string): void;
    eventsDropped(why: DropReason, count: number): void;
    eventsPending(count: number): void;
  };
};

type Entry = {
  readonly draft: EventDraft;
  readonly firstAt: EpochMs;
  lastAt: EpochMs;
  count: number;
  /** How many of them are in the cluster. */
  written: number;
  /** Name of the event in the cluster, once it is there. */
  name: string | undefined;
  /** When to write what is not written. */
  dueAt: EpochMs;
  failures: number;
};

/** A pod is there a moment after its admission, and a burst is one event by then. */
const firstWriteMs = 1_000;
const repeatMs = 30_000;
/** After this long without another one, the next is a new event. */
const forgetMs = 10 * 60_000;
const maxEntries = 1_000;
const maxFailures = 5;
const retry: BackoffPolicy = { firstMs: 2_000, maxMs: 60_000 };
const objectLimit = { requests: 10, perMs: 10 * 60_000 };
const totalLimit = { requests: 25, perMs: 5_000 };
/** Within this time the API server asks again about a pod that another webhook has changed. */
const reinvocationMs = 10_000;
const complaintMs = 5 * 60_000;

export class EventRecorder implements EventSink {
  readonly #deps: RecorderDeps;
  readonly #entries = new Map<string, Entry>();
  readonly #perObject = new RateLimiter(objectLimit);
  readonly #total = new RateLimiter(totalLimit);
  #wake = new AbortController();
  #complainedAt: EpochMs = Number.NEGATIVE_INFINITY;

  constructor(deps: RecorderDeps) {
    this.#deps = deps;
  }

  record(draft: EventDraft): void {
    const now = this.#deps.clock.now();
    if (draft.unlessAfter !== undefined && this.#hasRecent(draft, now)) return;
    const key = keyOf(draft);
    const known = this.#entries.get(key);
    if (known) {
      if (known.count === known.written) this.#schedule(known, Math.max(now + firstWriteMs, known.dueAt));
      known.count += 1;
      known.lastAt = now;
      return;
    }
    const full = this.#findLimit(draft, now);
    if (full) {
      this.#drop(draft, full, 1);
      return;
    }
    const fresh = { draft, firstAt: now, lastAt: now, count: 1, written: 0, name: undefined, dueAt: now, failures: 0 };
    this.#entries.set(key, fresh);
    this.#schedule(fresh, now + firstWriteMs);
  }

  /** Writes until `signal` aborts. Never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, metrics } = this.#deps;
    while (!signal.aborted) {
      const now = clock.now();
      this.#forgetOld(now);
      const pending = this.#pending();
      metrics.eventsPending(pending.length);
      const [next] = pending.sort((a, b) => a.dueAt - b.dueAt);
      if (!next || next.dueAt > now) {
        const waitMs = next ? next.dueAt - now : forgetMs;
        await clock.sleep(waitMs, AbortSignal.any([signal, this.#wake.signal]));
        continue;
      }
      const waitMs = this.#total.take('', now);
      if (waitMs > 0) await clock.sleep(waitMs, signal);
      else await this.#write(next);
    }
  }

  async #write(entry: Entry): Promise<void> {
    const { clock, metrics } = this.#deps;
    const { count } = entry;
    try {
      if (entry.name === undefined || !(await this.#update(entry, entry.name))) await this.#create(entry);
      metrics.eventWritten(entry.draft.reason);
      entry.written = count;
      entry.failures = 0;
      entry.dueAt = clock.now() + repeatMs; // for what has come meanwhile, or comes later
    } catch (error) {
      this.#fail(entry, error);
    }
  }

  #update({ draft, count, lastAt }: Entry, name: string): Promise<boolean> {
    const last = new Date(lastAt).toISOString().replace(/\.\d+Z$/, 'Z');
    return this.#deps.store.patchEvent(draft.subject.namespace, name, [
      { op: 'replace', path: '/count', value: count },
      { op: 'replace', path: '/lastTimestamp', value: last },
    ]);
  }

  async #create(entry: Entry): Promise<void> {
    const { store, clock, random } = this.#deps;
    const draft = entry.draft.awaitsUid === true ? await this.#withUid(entry.draft) : entry.draft;
    // Replicas write at the same instant too.
    const suffix = `${clock.now().toString(16)}${Math.floor(random() * 0x10000)
      .toString(16)
      .padStart(4, '0')}`;
    const event = buildEvent(draft, entry, suffix);
    await store.createEvent(event);
    entry.name = event.metadata.name;
  }

  /** With the uid that the pod has got; as it was, when the pod is not there or may not be looked at. */
  async #withUid(draft: EventDraft): Promise<EventDraft> {
    const { namespace, name } = draft.subject;
    try {
      const uid = (await this.#deps.store.readPod(namespace, name))?.metadata?.uid;
      return uid === undefined ? draft : { ...draft, subject: { ...draft.subject, uid } };
    } catch (error) {
      if (isAppError(error) && error.kind === 'unavailable') throw error;
      return draft;
    }
  }

  #fail(entry: Entry, error: unknown): void {
    const { clock, random, log } = this.#deps;
    const now = clock.now();
    const passes =
      isAppError(error) && (error.kind === 'unavailable' || error.kind === 'rate-limited' || error.kind === 'conflict');
    if (now - this.#complainedAt >= complaintMs) {
      this.#complainedAt = now;
      log.warn('events cannot be written', { error });
    }
    if (passes && ++entry.failures < maxFailures) {
      entry.dueAt = now + backoffMs(retry, entry.failures - 1, random());
      return;
    }
    this.#entries.delete(keyOf(entry.draft));
    this.#drop(entry.draft, passes ? 'unreachable' : 'refused', entry.count - entry.written);
  }

  #drop({ reason, subject }: EventDraft, why: DropReason, count: number): void {
    this.#deps.metrics.eventsDropped(why, count);
    this.#deps.log.debug('event dropped', { why, reason, kind: subject.kind, namespace: subject.namespace });
  }

  #schedule(entry: Entry, dueAt: EpochMs): void {
    entry.dueAt = dueAt;
    this.#wake.abort();
    this.#wake = new AbortController();
  }

  #pending(): Entry[] {
    return [...this.#entries.values()].filter(({ count, written }) => count > written);
  }

  #findLimit({ subject }: EventDraft, now: EpochMs): DropReason | undefined {
    if (this.#perObject.take(subjectKeyOf(subject), now) > 0) return 'object-limit';
    return this.#entries.size >= maxEntries && !this.#forgetOne() ? 'queue-full' : undefined;
  }

  #hasRecent({ subject, unlessAfter }: EventDraft, now: EpochMs): boolean {
    const key = subjectKeyOf(subject);
    for (const { draft, lastAt } of this.#entries.values()) {
      const same = draft.reason === unlessAfter && now - lastAt < reinvocationMs;
      if (same && subjectKeyOf(draft.subject) === key) return true;
    }
    return false;
  }

  #forgetOld(now: EpochMs): void {
    for (const [key, { count, written, lastAt }] of this.#entries) {
      if (count === written && now - lastAt > forgetMs) this.#entries.delete(key);
    }
  }

  /** Makes room by an entry that has nothing left to send. */
  #forgetOne(): boolean {
    for (const [key, { count, written }] of this.#entries) {
      if (count === written) return this.#entries.delete(key);
    }
    return false;
  }
}
