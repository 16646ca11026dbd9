/**
 * What /metrics shows. Labels have few values: a decision, a code of our catalogue; never a name, a namespace or a pod.
 */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { EpochMs } from '../lib/time/index.ts';
import type { Readiness } from './readiness.ts';

/** The two listeners of `server.ts`. */
export type ListenerName = 'admission' | 'bootstrap';

export type Metrics = {
  readonly registry: Registry;
  /** One admission: `inject`, `skip`, `deny` or `error`, with its reason. */
  admission(decision: string, reason: string, durationMs: number): void;
  /** One token minted (`ok`), or not (a code). */
  token(mode: 'secret' | 'service-account', result: string): void;
  /** One answer of POST /v1/bootstrap: `ok` or a code. */
  bootstrap(result: string, durationMs: number): void;
  /** A request that was refused before it reached a handler, by listener and code. */
  refused(listener: ListenerName, code: string): void;
  /** A whole round of the sweeper at `at`: Secrets it deleted, ones that are still good, ones it could not delete. */
  swept(at: EpochMs, counts: { readonly deleted: number; readonly live: number; readonly overdue: number }): void;
  /** A call of the CA that failed, by code. */
  caError(code: string): void;
  servingCertificate(certificate: {
    readonly notBefore: EpochMs;
    readonly notAfter: EpochMs;
    readonly issuerNotAfter: EpochMs;
  }): void;
  /** One call that wrote an event, by its reason. */
  eventWritten(reason: string): void;
  /** Events that nobody will see, by why. */
  eventsDropped(why: string, count: number): void;
  /** Events that wait to be written. */
  eventsPending(count: number): void;
};

/** A registry of its own: nothing is global, so a process may hold several. */
export function createMetrics(readiness: Readiness): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const registers = [registry];
  const admissions = new Counter({
    name: 'autocert_admissions_total',
    help: 'Admission reviews answered, by decision and reason',
    labelNames: ['decision', 'reason'],
    registers,
  });
  const admissionSeconds = new Histogram({
    name: 'autocert_admission_duration_seconds',
    help: 'Time from a whole admission review to its answer',
    labelNames: ['decision'],
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
    registers,
  });
  const tokens = new Counter({
    name: 'autocert_tokens_total',
    help: 'One-time tokens, by mode and result (ok or an error code)',
    labelNames: ['mode', 'result'],
    registers,
  });
  const bootstraps = new Counter({
    name: 'autocert_bootstrap_requests_total',
    help: 'Requests of pods for a token, by result (ok or an error code)',
    labelNames: ['result'],
    registers,
  });
  const bootstrapSeconds = new Histogram({
    name: 'autocert_bootstrap_duration_seconds',
    help: 'Time to answer a request of a pod for a token',
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
    registers,
  });
  const refusals = new Counter({
    name: 'autocert_http_refusals_total',
    help: 'Requests refused for their path, method, type or body, by listener and error code',
    labelNames: ['listener', 'code'],
    registers,
  });
  const swept = new Counter({
    name: 'autocert_token_secrets_swept_total',
    help: 'Expired token Secrets deleted by this replica',
    registers,
  });
  const live = new Gauge({
    name: 'autocert_token_secrets',
    help: 'Token Secrets in the cluster when this replica last swept',
    registers,
  });
  const overdue = new Gauge({
    name: 'autocert_token_secrets_overdue',
    help: 'Expired token Secrets that this replica could not delete when it last swept',
    registers,
  });
  const sweptAt = new Gauge({
    name: 'autocert_token_sweep_timestamp_seconds',
    help: 'Start of the last whole sweep, or of this replica, seconds since 1970; 0 in token mode service-account',
    registers,
  });
  const caErrors = new Counter({
    name: 'autocert_ca_errors_total',
    help: 'Failed calls of the CA, by error code',
    labelNames: ['code'],
    registers,
  });
  const eventsWritten = new Counter({
    name: 'autocert_events_written_total',
    help: 'Kubernetes events created or counted up, by reason',
    labelNames: ['reason'],
    registers,
  });
  const eventsDropped = new Counter({
    name: 'autocert_events_dropped_total',
    help: 'Kubernetes events not written: queue-full, object-limit, unreachable or refused',
    labelNames: ['why'],
    registers,
  });
  const eventsPending = new Gauge({
    name: 'autocert_events_pending',
    help: 'Kubernetes events that wait to be written',
    registers,
  });
  const notBeforeSeconds = new Gauge({
    name: 'autocert_serving_certificate_not_before_seconds',
    help: 'Begin of the serving certificate, seconds since 1970; 0 while there is none',
    registers,
  });
  const notAfterSeconds = new Gauge({
    name: 'autocert_serving_certificate_not_after_seconds',
    help: 'End of the serving certificate, seconds since 1970; 0 while there is none',
    registers,
  });
  const issuerNotAfterSeconds = new Gauge({
    name: 'autocert_issuer_not_after_seconds',
    help: 'The earliest end among intermediate and root of the serving certificate, seconds since 1970; 0 without one',
    registers,
  });
  new Gauge({
    name: 'autocert_ready',
    help: '1 when this replica takes requests',
    registers,
    collect() {
      this.set(readiness.report().ready ? 1 : 0);
    },
  });
  new Gauge({
    name: 'autocert_check',
    help: '1 for each check of /readyz that passes',
    labelNames: ['check'],
    registers,
    collect() {
      for (const [check, { ok }] of Object.entries(readiness.report().checks)) this.set({ check }, ok ? 1 : 0);
    },
  });
  return {
    registry,
    admission(decision, reason, durationMs) {
      admissions.inc({ decision, reason });
      admissionSeconds.observe({ decision }, durationMs / 1000);
    },
    token: (mode, result) => tokens.inc({ mode, result }),
    bootstrap(result, durationMs) {
      bootstraps.inc({ result });
      bootstrapSeconds.observe(durationMs / 1000);
    },
    refused: (listener, code) => refusals.inc({ listener, code }),
    swept(at, counts) {
      sweptAt.set(at / 1000);
      swept.inc(counts.deleted);
      live.set(counts.live);
      overdue.set(counts.overdue);
    },
    caError: (code) => caErrors.inc({ code }),
    servingCertificate({ notBefore, notAfter, issuerNotAfter }) {
      notBeforeSeconds.set(notBefore / 1000);
      notAfterSeconds.set(notAfter / 1000);
      issuerNotAfterSeconds.set(issuerNotAfter / 1000);
    },
    eventWritten: (reason) => eventsWritten.inc({ reason }),
    eventsDropped: (why, count) => eventsDropped.inc({ why }, count),
    eventsPending: (count) => eventsPending.set(count),
  };
}
