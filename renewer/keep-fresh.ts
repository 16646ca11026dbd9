/**
 * The life of the renewer: look at the volume, decide, act, wait; for ever. Pure: CA, files, time and signals are ports.
 *
 * The volume is read at each turn and no certificate is kept in mind, so that a set that somebody else has replaced, or
 * one that a crash left to be completed, is seen. No failure ends the loop: the set that is there stays valid for a
 * third of its life, and trying again is the only thing that helps.
 */

import { longestRetryMs } from '../lib/ca-client/index.ts';
import { type CertificateSet, checkCertificateSet } from '../lib/certificate-files/index.ts';
import { isAppError } from '../lib/errors/index.ts';
import type { CertificateStore, PodSettings } from '../lib/pod/index.ts';
import { type BackoffPolicy, backoffMs, type Clock, type EpochMs, sleepUntil } from '../lib/time/index.ts';
import { type Certificate, serialDecimal } from '../lib/x509/index.ts';
import { decideAction, type RenewMethod, renewalDue, type Situation } from './decide.ts';
import type { RenewerObserver } from './metrics.ts';
import { type RenewalKind, type RenewalPorts, renewSet } from './renewal.ts';
import type { Signals } from './signals.ts';

/** A clock that was set, or a machine that slept, is noticed within this time. */
const lookMs = 30_000;
/** How often the volume is looked at for a set that somebody else must write. */
const lookAgainMs = 2000;
const firstRetryMs = 1000;
const retryWithoutCertificate: BackoffPolicy = { firstMs: firstRetryMs, maxMs: 60_000 };

export type KeepFreshPorts = RenewalPorts & {
  readonly store: CertificateStore;
  readonly clock: Clock;
  /** 0 <= random < 1 */
  readonly random: () => number;
  readonly signals: Signals;
  readonly observer: RenewerObserver;
  /** Waits until `due` in less memory, as another process image, and does not return; or returns at once. */
  readonly handOver: (due: EpochMs) => Promise<void>;
};

export type KeepFreshSettings = PodSettings & { readonly method: RenewMethod };

/** What is on the volume at this turn. */
type Seen = Pick<Situation, 'check'> & {
  readonly set?: CertificateSet | undefined;
  /** Of a set that can be used, perhaps expired. */
  readonly leaf?: Certificate | undefined;
};

/** What one turn leaves to the next. */
type Memory = {
  /** A renewal was asked for and has not succeeded yet. */
  forced: boolean;
  /** The certificate that the CA has refused to renew. */
  refused?: bigint | undefined;
  renewedAt?: EpochMs | undefined;
  /** The certificate that the log has named as good. */
  announced?: bigint | undefined;
  /** Attempts that failed since the last success. */
  failures: number;
  lastProblem?: string | undefined;
};

/** Ends when `signals.stop` aborts, never by itself. */
export async function keepFresh(ports: KeepFreshPorts, settings: KeepFreshSettings): Promise<void> {
  const memory: Memory = { forced: false, failures: 0 };
  while (!ports.signals.stop.aborted) {
    let seen: Seen = { check: undefined };
    try {
      seen = look(ports);
      observe(ports, memory, seen);
      await act(ports, settings, memory, seen);
    } catch (error) {
      if (ports.signals.stop.aborted) return;
      await pauseAfter(error, ports, memory, seen);
    }
  }
}

function look({ store, clock }: KeepFreshPorts): Seen {
  const set = store.read();
  // Names are not compared: they were asked for when the pod began, and only the CA can have changed them.
  const check = set && checkCertificateSet(set, { commonName: '', sans: [] }, clock.now());
  return { set, check, leaf: check && check.kind !== 'unusable' ? check.opened.leaf : undefined };
}

function observe({ observer }: KeepFreshPorts, memory: Memory, { leaf }: Seen): void {
  observer.certificate(leaf && { notAfter: leaf.notAfter, due: renewalDue(leaf, memory.renewedAt) });
}

async function act(ports: KeepFreshPorts, settings: KeepFreshSettings, memory: Memory, seen: Seen): Promise<void> {
  const { store, clock, signals } = ports;
  memory.forced ||= signals.takeRenewalRequest();
  const action = decideAction({
    check: seen.check,
    now: clock.now(),
    method: settings.method,
    canBootstrap: settings.credential.kind === 'service-account',
    forced: memory.forced,
    refused: seen.leaf !== undefined && seen.leaf.serial === memory.refused,
    renewedAt: memory.renewedAt,
  });
  switch (action.kind) {
    case 'wait':
      announce(ports, memory, seen, action.until);
      memory.failures = 0;
      await ports.handOver(action.until);
      return sleepUntil(clock, action.until, lookMs, signals.wake());
    case 'look-again':
      complainOnce(ports, memory, action.problem);
      return clock.sleep(lookAgainMs, signals.wake());
    default:
      ports.log.debug('renewing', { method: action.kind });
      store.probe(); // a full disk is found before the CA is asked
      store.write(await renewSet(ports, settings, action.kind, seen.set));
      Object.assign(memory, { forced: false, refused: undefined, renewedAt: clock.now(), failures: 0 });
      ports.observer.renewed(action.kind, clock.now());
      reportRenewal(ports, memory, action.kind);
  }
}

async function pauseAfter(error: unknown, ports: KeepFreshPorts, memory: Memory, seen: Seen): Promise<void> {
  const { clock, signals, random, observer } = ports;
  observer.failed(error);
  if (isAppError(error, 'ERR_CA_REFUSED') && error.kind === 'unauthenticated') memory.refused = seen.leaf?.serial;
  const alive = seen.leaf !== undefined && seen.leaf.notAfter > clock.now();
  const policy = alive ? { firstMs: firstRetryMs, maxMs: longestRetryMs(seen.leaf) } : retryWithoutCertificate;
  const waitMs = backoffMs(policy, memory.failures++, random());
  complain(ports, seen, error, { attempt: memory.failures, waitMs });
  await clock.sleep(waitMs, signals.wake());
}

function announce({ log }: KeepFreshPorts, memory: Memory, { leaf }: Seen, until: EpochMs): void {
  memory.lastProblem = undefined;
  if (!leaf || memory.announced === leaf.serial) return;
  memory.announced = leaf.serial;
  log.info('certificate is good', { ...describeLeaf(leaf), nextRenewal: toText(until) });
}

function reportRenewal(ports: KeepFreshPorts, memory: Memory, method: RenewalKind): void {
  const seen = look(ports);
  observe(ports, memory, seen);
  const { leaf } = seen;
  if (!leaf) return; // somebody removed it in the meantime; the next turn says so
  memory.announced = leaf.serial;
  const nextRenewal = toText(renewalDue(leaf, memory.renewedAt));
  ports.log.info('certificate renewed', { method, ...describeLeaf(leaf), nextRenewal });
}

/** The nearer the end, the louder. */
function complain({ log, clock }: KeepFreshPorts, { leaf }: Seen, error: unknown, attempt: object): void {
  const details = { ...attempt, ...(leaf ? describeLeaf(leaf) : {}), error };
  if (!leaf || leaf.notAfter <= clock.now()) log.error('no valid certificate, and none could be had', details);
  else if (isAppError(error) && error.kind === 'unavailable') log.warn('renewal failed, trying again', details);
  else log.error('renewal failed, trying again', details);
}

/** The volume is looked at every two seconds; it is complained about when the complaint changes. */
function complainOnce({ log }: KeepFreshPorts, memory: Memory, problem: string): void {
  if (memory.lastProblem === problem) return;
  memory.lastProblem = problem;
  memory.announced = undefined;
  log.error('waiting for a certificate to renew', {
    problem,
    hint: 'the init container writes it: see its log; in tokenMode service-account the renewer could begin by itself',
  });
}

const describeLeaf = (leaf: Certificate): Record<string, unknown> => ({
  commonName: leaf.commonName,
  serial: serialDecimal(leaf),
  notAfter: toText(leaf.notAfter),
});

const toText = (time: EpochMs): string => new Date(time).toISOString();
