/**
 * What GET /metrics shows, in the Prometheus text format: the counters of step-ca under its names, and when the
 * certificates of the authority end. A handful of numbers, so no library.
 *
 * A reload keeps the counts. Labels come from ca.json only: names of provisioners.
 */
import type { Clock, EpochMs } from '../lib/time/index.ts';
import type { Meter } from './authority/index.ts';
import type { CertificateEnd } from './operations/issuer-expiry.ts';

/** Counters of step-ca with the labels `provisioner` and `success`. */
const counters = {
  step_ca_x509_signed_total: 'Number of certificates signed',
  step_ca_x509_renewed_total: 'Number of certificates renewed',
  step_ca_x509_rekeyed_total: 'Number of certificates rekeyed',
  step_ca_x509_webhook_enriched_total: 'Number of enriching webhooks called',
  step_ca_x509_webhook_authorized_total: 'Number of authorizing webhooks called',
} as const;

export class Metrics {
  readonly #clock: Pick<Clock, 'now'>;
  readonly #startedAt: EpochMs;
  readonly #counts = new Map<string, Map<string, number>>();

  constructor(clock: Pick<Clock, 'now'>) {
    this.#clock = clock;
    this.#startedAt = clock.now();
  }

  readonly meter: Meter = {
    signed: (provisioner, success) => this.#count('step_ca_x509_signed_total', provisioner, success),
    renewed: (provisioner, success) => this.#count('step_ca_x509_renewed_total', provisioner, success),
    rekeyed: (provisioner, success) => this.#count('step_ca_x509_rekeyed_total', provisioner, success),
    enriched: (provisioner, success) => this.#count('step_ca_x509_webhook_enriched_total', provisioner, success),
    authorized: (provisioner, success) => this.#count('step_ca_x509_webhook_authorized_total', provisioner, success),
  };

  render(certificates: readonly CertificateEnd[], databaseUp: boolean): string {
    const uptime = Math.floor((this.#clock.now() - this.#startedAt) / 1000);
    const ends = certificates.map(
      ({ role, subject, notAfter }) => [`{role="${role}",subject="${escapeLabel(subject)}"}`, notAfter / 1000] as const,
    );
    return [
      family('step_ca_uptime_seconds', 'gauge', 'Number of seconds since service start', [['', uptime]]),
      family('step_ca_kms_signed', 'counter', 'Number of KMS-backed signatures', [['', this.#signatures()]]),
      family('step_ca_kms_errors', 'counter', 'Number of KMS-related errors', [['', 0]]),
      ...Object.entries(counters).map(([name, help]) => {
        const counts = this.#counts.get(name);
        return counts ? family(name, 'counter', help, [...counts]) : '';
      }),
      family('autocert_ca_certificate_not_after_seconds', 'gauge', 'End of a certificate of the authority', ends),
      family('autocert_ca_database_up', 'gauge', 'Whether the database answers', [['', databaseUp ? 1 : 0]]),
    ].join('');
  }

  /** Every leaf takes one. A key in memory does not fail. */
  #signatures(): number {
    const issued = ['step_ca_x509_signed_total', 'step_ca_x509_renewed_total', 'step_ca_x509_rekeyed_total'];
    return issued
      .flatMap((name) => [...(this.#counts.get(name) ?? [])])
      .filter(([labels]) => labels.endsWith('success="true"}'))
      .reduce((sum, [, count]) => sum + count, 0);
  }

  #count(name: keyof typeof counters, provisioner: string, success: boolean): void {
    const labels = `{provisioner="${escapeLabel(provisioner)}",success="${success}"}`;
    const counts = this.#counts.get(name) ?? new Map<string, number>();
    counts.set(labels, (counts.get(labels) ?? 0) + 1);
    this.#counts.set(name, counts);
  }
}

function family(name: string, type: string, help: string, samples: readonly (readonly [string, number])[]): string {
  if (samples.length === 0) return '';
  const lines = samples.map(([labels, value]) => `${name}${labels} ${value}\n`);
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${lines.join('')}`;
}

const escapeLabel = (text: string): string =>
  text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
