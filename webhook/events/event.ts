/**
 * What the webhook says in the cluster about what it did, as Kubernetes shows it under `kubectl describe` and `kubectl
 * get events`. Data and wire form only; `describe.ts` finds the words, `recorder.ts` decides what is sent and when.
 *
 * Events of the core API, not of events.k8s.io: their `count` and `lastTimestamp` are what kubectl shows as "x5 over 10m".
 */
import type { CoreV1Event } from '@kubernetes/client-node';
import type { EpochMs } from '../../lib/time/index.ts';

/** Stable: people write alerts and queries with them. docs/guides/monitoring.md lists them. */
export type EventReason =
  | 'AutocertInjected'
  | 'AutocertSkipped'
  | 'AutocertDenied'
  | 'AutocertBootstrapRefused'
  | 'AutocertTokenExpired';

/** The object that an event is shown at. Events live in the namespace of their object. */
export type EventSubject = {
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  /** Absent for a pod that is being admitted: the API server has not given it one yet. */
  readonly uid?: string;
};

export type EventDraft = {
  readonly subject: EventSubject;
  readonly type: 'Normal' | 'Warning';
  readonly reason: EventReason;
  readonly message: string;
  /** The subject is a pod that exists a moment later: its uid is looked up, since `kubectl describe` asks by uid. */
  readonly awaitsUid?: boolean;
  /** Left out when an event of this reason was recorded for the subject just before. */
  readonly unlessAfter?: EventReason;
};

/** Takes events. Never throws, never waits. */
export type EventSink = { record(draft: EventDraft): void };

/** Component that kubectl shows in the column FROM. */
const component = 'autocert-controller';

/** Longest message that the API server takes (core/v1 Event). */
const maxMessage = 1024;

/** Two drafts with the same key are one event that happened twice. */
export const keyOf = ({ subject, type, reason, message }: EventDraft): string =>
  [subjectKeyOf(subject), type, reason, message].join('\n');

export const subjectKeyOf = ({ namespace, kind, name, uid }: EventSubject): string =>
  [namespace, kind, name, uid ?? ''].join('/');

/** How often it happened, and when. */
export type Occurrences = { readonly count: number; readonly firstAt: EpochMs; readonly lastAt: EpochMs };

/** @param suffix makes the name unique */
export function buildEvent(draft: EventDraft, { count, firstAt, lastAt }: Occurrences, suffix: string): CoreV1Event {
  const { subject, reason, type, message } = draft;
  const { apiVersion, kind, namespace, name, uid } = subject;
  return {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { name: `${namePrefix(name)}.${suffix}`, namespace },
    involvedObject: { apiVersion, kind, namespace, name, ...(uid === undefined ? {} : { uid }) },
    type,
    reason,
    message: clip(message),
    count,
    firstTimestamp: wholeSeconds(firstAt),
    lastTimestamp: wholeSeconds(lastAt),
    source: { component },
    reportingComponent: component,
    reportingInstance: '',
  };
}

/** Names of objects are DNS names, but for the prefix of a pod that has no name yet, which ends with a hyphen. */
function namePrefix(name: string): string {
  const prefix = name
    .toLowerCase()
    .replace(/[^a-z0-9.-]+/g, '-')
    .slice(0, 200)
    .replace(/^[.-]+|[.-]+$/g, '');
  return prefix === '' ? 'autocert' : prefix;
}

/** metav1.Time has seconds. */
const wholeSeconds = (time: EpochMs): Date => new Date(Math.floor(time / 1000) * 1000);

function clip(message: string): string {
  const characters = Array.from(message.replace(/[\p{Cc}\p{Zl}\p{Zp}\p{Cs}]/gu, ' '));
  return characters.length <= maxMessage ? characters.join('') : `${characters.slice(0, maxMessage - 1).join('')}…`;
}
