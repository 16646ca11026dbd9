/** Signals as the loop sees them. Pure; main.ts connects the process to it. */

export class Signals {
  readonly #stop = new AbortController();
  #wake = new AbortController();
  #renewalRequested = false;

  /** Aborted when the program must end. */
  get stop(): AbortSignal {
    return this.#stop.signal;
  }

  /** Ends a sleep: aborted when the program must end, or when a renewal is asked for from now on. */
  wake(): AbortSignal {
    if (this.#renewalRequested) return AbortSignal.abort();
    return AbortSignal.any([this.#stop.signal, this.#wake.signal]);
  }

  /** Whether a renewal was asked for since the last look. */
  takeRenewalRequest(): boolean {
    const requested = this.#renewalRequested;
    this.#renewalRequested = false;
    return requested;
  }

  /** Whether something has come that the loop has not looked at yet. */
  get pending(): boolean {
    return this.#stop.signal.aborted || this.#renewalRequested;
  }

  /** SIGTERM, SIGINT. */
  requestStop(): void {
    this.#stop.abort();
  }

  /** SIGHUP. */
  requestRenewal(): void {
    this.#renewalRequested = true;
    this.#wake.abort();
    this.#wake = new AbortController();
  }
}
