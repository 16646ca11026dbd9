/**
 * What the renewer shows of itself to Prometheus, as text of exposition format 0.0.4. Pure and small on purpose: this
 * program takes nothing from npm, and it is in every pod.
 *
 * Label values are words of ours, so nothing has to be escaped.
 */
import { isAppError } from '../lib/errors/index.ts';
import type { EpochMs } from '../lib/time/index.ts';

/** Told by the loop as things happen. */
export type RenewerObserver = {
  /** The certificate on the volume, when its renewal is due; undefined while there is none. */
  certificate(seen: { readonly notAfter: EpochMs; readonly due: EpochMs } | undefined): void;
  renewed(method: string, at: EpochMs): void;
  /** An attempt that failed, or a wait for a set that somebody else must write. */
  failed(error: unknown): void;
};

export const unobserved: RenewerObserver = { certificate() {}, renewed() {}, failed() {} };

export class RenewerMetrics implements RenewerObserver {
  #notAfter: EpochMs = 0;
  #due: EpochMs = 0;
  #renewedAt: EpochMs = 0;
  readonly #renewals = new Map<string, number>();
  readonly #failures = new Map<string, number>();

  certificate(seen: { readonly notAfter: EpochMs; readonly due: EpochMs } | undefined): void {
    this.#notAfter = seen?.notAfter ?? 0;
    this.#due = seen?.due ?? 0;
  }

  renewed(method: string, at: EpochMs): void {
    this.#renewedAt = at;
    count(this.#renewals, `method="${method}"`);
  }

  failed(error: unknown): void {
    const [kind, code] = isAppError(error) ? [error.kind, error.code] : ['internal', 'ERR_INTERNAL'];
    count(this.#failures, `class="${kind}",code="${code}"`);
  }

  render(): string {
    return [
      ...gauge('certificate_not_after_seconds', 'End of the certificate, since 1970; 0 without one', this.#notAfter),
      ...gauge('next_renewal_seconds', 'When it is to be renewed, since 1970; 0 without one', this.#due),
      ...gauge('last_renewal_seconds', 'Last renewal by this process, since 1970; 0 before the first', this.#renewedAt),
      ...counter('renewals_total', 'Renewals by this process, by method', this.#renewals),
      ...counter('failures_total', 'Attempts that failed, by class and error code', this.#failures),
      '',
    ].join('\n');
  }
}

const prefix = 'autocert_renewer_';

const count = (counts: Map<string, number>, labels: string): unknown =>
  counts.set(labels, (counts.get(labels) ?? 0) + 1);

const head = (name: string, type: string, help: string): string[] => [
  `# HELP ${prefix}${name} ${help}`,
  `# TYPE ${prefix}${name} ${type}`,
];

const gauge = (name: string, help: string, at: EpochMs): string[] => [
  ...head(name, 'gauge', help),
  `${prefix}${name} ${at / 1000}`,
];

const counter = (name: string, help: string, counts: ReadonlyMap<string, number>): string[] => [
  ...head(name, 'counter', help),
  ...[...counts].map(([labels, value]) => `${prefix}${name}{${labels}} ${value}`),
];
