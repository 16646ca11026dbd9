/**
 * What the demo has seen so far, as a value: certificates and their rotations, requests, the last events. Pure; the
 * picture and the summary are drawn from it, and it decides when the demo has shown what it is for.
 */
import type { EpochMs } from '../../../lib/time/index.ts';

/** A certificate as it lies in a pod's volume. */
export type SeenCertificate = {
  readonly commonName: string;
  readonly serialHex: string;
  readonly notBefore: EpochMs;
  readonly notAfter: EpochMs;
};

export type PodView = {
  readonly name: string;
  /** Undefined until the init container has written it. */
  readonly certificate: SeenCertificate | undefined;
  readonly rotations: number;
};

export type DemoEvent = { readonly at: EpochMs; readonly text: string };

export type DemoState = {
  readonly startedAt: EpochMs;
  /** How often each certificate is to be rotated. */
  readonly wantedRotations: number;
  readonly pods: readonly PodView[];
  readonly requests: { readonly kept: number; readonly new: number; readonly failed: number };
  /** Requests answered since a certificate was last rotated: the new one has been used, too. */
  readonly answeredSinceRotation: number;
  /** The last ones. */
  readonly events: readonly DemoEvent[];
  /** How many there were, forgotten ones included. */
  readonly eventsSeen: number;
};

export type Observation =
  | { readonly type: 'pod'; readonly pod: string }
  | { readonly type: 'certificate'; readonly pod: string; readonly certificate: SeenCertificate }
  | { readonly type: 'answered'; readonly connection: 'kept' | 'new' }
  | { readonly type: 'failed'; readonly text: string }
  | { readonly type: 'event'; readonly text: string };

/** Events that are kept; older ones are forgotten. */
const keptEvents = 50;
/** Answers on kept and new connections that a rotation is followed by before it counts as shown. */
const answersAfterRotation = 4;

export const initialState = (startedAt: EpochMs, wantedRotations: number): DemoState => ({
  startedAt,
  wantedRotations,
  pods: [],
  requests: { kept: 0, new: 0, failed: 0 },
  answeredSinceRotation: 0,
  events: [],
  eventsSeen: 0,
});

export function observe(state: DemoState, observation: Observation, at: EpochMs): DemoState {
  switch (observation.type) {
    case 'pod':
      return { ...state, pods: [...state.pods, { name: observation.pod, certificate: undefined, rotations: 0 }] };
    case 'certificate':
      return observeCertificate(state, observation.pod, observation.certificate, at);
    case 'answered': {
      const requests = { ...state.requests, [observation.connection]: state.requests[observation.connection] + 1 };
      return { ...state, requests, answeredSinceRotation: state.answeredSinceRotation + 1 };
    }
    case 'failed': {
      const requests = { ...state.requests, failed: state.requests.failed + 1 };
      return addEvent({ ...state, requests }, at, `request failed: ${observation.text}`);
    }
    case 'event':
      return addEvent(state, at, observation.text);
  }
}

function observeCertificate(state: DemoState, name: string, certificate: SeenCertificate, at: EpochMs): DemoState {
  const before = state.pods.find((pod) => pod.name === name);
  if (!before || before.certificate?.serialHex === certificate.serialHex) return state;
  const first = before.certificate === undefined;
  const rotations = first ? 0 : before.rotations + 1;
  const pods = state.pods.map((pod) => (pod === before ? { ...pod, certificate, rotations } : pod));
  const text = first
    ? `${certificate.commonName}: first certificate, serial ${shortSerial(certificate)}`
    : `${certificate.commonName}: rotation ${rotations}, serial ${shortSerial(certificate)}`;
  return addEvent({ ...state, pods, answeredSinceRotation: 0 }, at, text);
}

const addEvent = (state: DemoState, at: EpochMs, text: string): DemoState => ({
  ...state,
  events: [...state.events, { at, text }].slice(-keptEvents),
  eventsSeen: state.eventsSeen + 1,
});

export const shortSerial = ({ serialHex }: SeenCertificate): string => serialHex.slice(0, 8);

/** Whether everything has been shown: every certificate rotated as often as wanted, and the last ones used. */
export function isShown({ pods, wantedRotations, answeredSinceRotation }: DemoState): boolean {
  return (
    pods.length > 0 &&
    pods.every(({ rotations }) => rotations >= wantedRotations) &&
    answeredSinceRotation >= answersAfterRotation
  );
}

/** What keeps the demo from being a success; empty when it is one. */
export function findShortcomings(state: DemoState): string[] {
  const { requests, pods, wantedRotations } = state;
  const problems = pods
    .filter(({ rotations }) => rotations < wantedRotations)
    .map(({ name, rotations }) => `${name}: ${rotations} of ${wantedRotations} rotations`);
  if (requests.failed > 0) problems.push(`${requests.failed} of ${countRequests(state)} requests failed`);
  if (requests.kept + requests.new === 0) problems.push('no request was answered');
  return problems;
}

export const countRequests = ({ requests }: DemoState): number => requests.kept + requests.new + requests.failed;
