/**
 * Which event follows from a decision, at which object and in which words. Pure.
 *
 * A pod that is being admitted does not exist yet, and whoever looks for the reason looks at what makes it. So an event
 * goes to the controller of the pod (ReplicaSet, StatefulSet, Job …), and to the pod itself where it has none.
 */

import { type Decision, describeDenial, quote, type Review } from '../../lib/admission/index.ts';
import type { AppError } from '../../lib/errors/index.ts';
import type { EventDraft, EventSubject } from './event.ts';

/**
 * The event of an admission; undefined where there is nothing to tell: a dry run, an object that asks for nothing.
 *
 * Never throws, whatever the object in the review looks like.
 */
export function describeAdmission(review: Review, decision: Decision): EventDraft | undefined {
  if (review.dryRun) return undefined;
  const subject = findSubject(review);
  if (!subject) return undefined;
  const exists = subject.kind === 'Pod' && subject.name === nameOf(review);
  switch (decision.kind) {
    case 'inject': {
      const { wish, tokenMode, nativeSidecar } = decision.plan;
      const sidecar = wish.bootstrapperOnly ? 'no renewer' : nativeSidecar ? 'renewer as native sidecar' : 'renewer';
      const message = `certificate for ${listNames(wish.sans)}: pod injected (${sidecar}, token mode ${tokenMode})`;
      return {
        subject,
        type: 'Normal',
        reason: 'AutocertInjected',
        message,
        ...(exists ? { awaitsUid: true } : {}),
      };
    }
    case 'deny':
      return { subject, type: 'Warning', reason: 'AutocertDenied', message: describeDenial(decision.error) };
    case 'skip': {
      const why = describeSkip(decision);
      if (!why) return undefined;
      const awaits = exists ? { awaitsUid: true } : {};
      const after = decision.reason === 'already-injected' ? { unlessAfter: 'AutocertInjected' as const } : {};
      return { subject, reason: 'AutocertSkipped', ...why, ...awaits, ...after };
    }
  }
}

/** A pod that asked for a token and gets none, for a reason that lies with the pod. */
export function describeRefusedBootstrap(
  pod: { readonly namespace: string; readonly podName: string; readonly podUid: string },
  error: AppError,
): EventDraft {
  return {
    subject: { apiVersion: 'v1', kind: 'Pod', namespace: pod.namespace, name: pod.podName, uid: pod.podUid },
    type: 'Warning',
    reason: 'AutocertBootstrapRefused',
    message: describeDenial(error),
  };
}

/** Token mode `secret`: the token of a pod whose init container has not used it is worthless now. */
export function describeExpiredToken(pod: {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
}): EventDraft {
  return {
    subject: { apiVersion: 'v1', kind: 'Pod', ...pod },
    type: 'Warning',
    reason: 'AutocertTokenExpired',
    message:
      'the one-time token expired before the init container could use it, and its Secret was deleted; delete the pod, ' +
      'so that its owner makes a new one, or use token mode service-account [ERR_TOKEN_MISSING]',
  };
}

function describeSkip(decision: Extract<Decision, { kind: 'skip' }>): Pick<EventDraft, 'type' | 'message'> | undefined {
  switch (decision.reason) {
    case 'windows-pod':
      return { type: 'Warning', message: 'no certificate: the injected containers are for Linux, the pod for Windows' };
    case 'mirror-pod':
      return { type: 'Warning', message: 'no certificate: a static pod runs already when the API server hears of it' };
    case 'already-injected':
      return { type: 'Normal', message: 'nothing to do: the pod has the containers of autocert already' };
    case 'not-annotated': {
      const [warning] = decision.warnings;
      return warning === undefined ? undefined : { type: 'Warning', message: `no certificate: ${warning}` };
    }
    case 'not-a-pod':
    case 'subresource':
    case 'not-a-creation':
      return undefined;
  }
}

/** The controller of the pod; without one, the pod. A Node owns mirror pods and has no namespace to show events in. */
function findSubject(review: Review): EventSubject | undefined {
  const metadata = recordAt(review.object, 'metadata');
  const namespace = review.namespace || textAt(metadata, 'namespace');
  if (namespace === '') return undefined;
  const references = metadata.ownerReferences;
  const owner = Array.isArray(references)
    ? references.map(toRecord).find(({ controller }) => controller === true)
    : undefined;
  if (owner && owner.kind !== 'Node') {
    const [apiVersion, kind, name, uid] = ['apiVersion', 'kind', 'name', 'uid'].map((key) => textAt(owner, key));
    if (apiVersion && kind && name && uid) return { apiVersion, kind, namespace, name, uid };
  }
  const name = nameOf(review) || textAt(metadata, 'generateName');
  return name === '' ? undefined : { apiVersion: 'v1', kind: 'Pod', namespace, name };
}

const nameOf = ({ name, object }: Review): string => name || textAt(recordAt(object, 'metadata'), 'name');

/** A few names are told, the number of the others. */
function listNames(names: readonly string[]): string {
  const shown = names.slice(0, 5).map(quote).join(', ');
  return names.length > 5 ? `${shown} and ${names.length - 5} more` : shown;
}

const toRecord = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {};

const recordAt = (value: unknown, key: string): Readonly<Record<string, unknown>> => toRecord(toRecord(value)[key]);

/** What is longer than any name of the API is none. */
function textAt(record: Readonly<Record<string, unknown>>, key: string): string {
  const value = record[key];
  return typeof value === 'string' && value.length <= 253 ? value : '';
}
