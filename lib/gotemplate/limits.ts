/**
 * What one execution of a template may use. Every step, every byte made and every level of nesting is counted, so that
 * no template, whatever its author or a client put into it, holds up the process or fills its memory.
 */
import { templateLimit } from './errors.ts';

export type TemplateLimits = {
  /** Bytes of the template text. */
  readonly inputBytes: number;
  /** Bytes that are written. */
  readonly outputBytes: number;
  /** Bytes of all strings and lists that functions make, whether they are still in use or not. */
  readonly madeBytes: number;
  /** Nodes that are walked, values that are looked at, iterations of functions. */
  readonly steps: number;
  /** Templates in templates, parentheses in parentheses, blocks in blocks, lists in lists. */
  readonly depth: number;
  /** By the given clock. */
  readonly timeMs: number;
};

export const defaultLimits: TemplateLimits = {
  inputBytes: 1 << 20,
  outputBytes: 1 << 20,
  madeBytes: 32 << 20,
  steps: 1_000_000,
  depth: 200,
  timeMs: 2_000,
};

/** How many steps pass between two looks at the clock. */
const clockInterval = 1024;

/** Counts down what is left. Every method throws ERR_TEMPLATE_LIMIT (invalid) when nothing is. */
export class Budget {
  readonly limits: TemplateLimits;
  readonly #now: () => number;
  readonly #deadline: number;
  #steps = 0;
  #made = 0;
  #written = 0;
  #untilClock = clockInterval;

  constructor(limits: TemplateLimits, now: () => number) {
    this.limits = limits;
    this.#now = now;
    this.#deadline = now() + limits.timeMs;
  }

  step(count = 1): void {
    this.#steps += count;
    this.#untilClock -= count;
    if (this.#steps > this.limits.steps) throw templateLimit(`takes more than ${this.limits.steps} steps`);
    if (this.#untilClock > 0) return;
    this.#untilClock = clockInterval;
    if (this.#now() > this.#deadline) throw templateLimit(`takes longer than ${this.limits.timeMs} ms`);
  }

  /** Called before the memory is taken. Making bytes takes time too. */
  make(bytes: number): void {
    this.#made += bytes;
    if (this.#made > this.limits.madeBytes) throw templateLimit(`makes more than ${this.limits.madeBytes} bytes`);
    this.step(1 + Math.floor(bytes / 64));
  }

  /** Called for everything that is written. */
  write(bytes: number): void {
    this.#written += bytes;
    if (this.#written > this.limits.outputBytes)
      throw templateLimit(`writes more than ${this.limits.outputBytes} bytes`);
    this.step(1 + Math.floor(bytes / 64));
  }

  enter(depth: number): void {
    if (depth > this.limits.depth) throw templateLimit(`is nested deeper than ${this.limits.depth} levels`);
  }
}
