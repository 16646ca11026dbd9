/**
 * Why this replica is, or is not, ready. The parts of the program report here; /readyz and the metrics read it.
 *
 * A check that is not required says something an administrator wants to know and does not take the replica out of its
 * Service: when the CA goes away, admission still works, pods that wait for a certificate go on waiting, and taking away
 * every replica at once would turn one outage into two.
 */
import { describeError, isAppError } from '../lib/errors/index.ts';

/** What can be in order or not. */
export const checkNames = ['servingCertificate', 'provisionerKey', 'ca', 'caBundle', 'kubernetes'] as const;
export type CheckName = (typeof checkNames)[number];

type Check = { readonly ok: boolean; readonly required: boolean; readonly why?: string; readonly hint?: string };

/** Body of /readyz. */
export type ReadinessReport = {
  readonly ready: boolean;
  readonly checks: Readonly<Partial<Record<CheckName, Check>>>;
  /** One line, when not ready. */
  readonly why?: string;
};

export class Readiness {
  readonly #checks = new Map<CheckName, Check>();
  #stopping = false;

  /** @param required names of the checks without which no request should come here; they start out as failed */
  constructor(required: readonly CheckName[]) {
    for (const name of required) this.#checks.set(name, { ok: false, required: true, why: 'not done yet' });
  }

  /** Reports a check as passed. */
  pass(name: CheckName): void {
    this.#checks.set(name, { ok: true, required: this.#isRequired(name) });
  }

  /** Reports a check as failed; the reason is shown to whoever asks, so it holds no secret. */
  fail(name: CheckName, error: unknown): void {
    const hint = isAppError(error) ? error.hint : undefined;
    const check = { ok: false, required: this.#isRequired(name), why: describeError(error) };
    this.#checks.set(name, hint === undefined ? check : { ...check, hint });
  }

  /** The program is ending: no further requests, please. */
  stop(): void {
    this.#stopping = true;
  }

  passes(name: CheckName): boolean {
    return this.#checks.get(name)?.ok === true;
  }

  report(): ReadinessReport {
    const checks = Object.fromEntries(this.#checks);
    if (this.#stopping) return { ready: false, why: 'shutting down', checks };
    const failed = [...this.#checks].filter(([, check]) => check.required && !check.ok);
    if (failed.length === 0) return { ready: true, checks };
    return { ready: false, why: failed.map(([name, { why }]) => `${name}: ${why}`).join('; '), checks };
  }

  #isRequired(name: CheckName): boolean {
    return this.#checks.get(name)?.required ?? false;
  }
}
