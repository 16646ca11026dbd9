/**
 * The life of a pod as the kubelet leads it, over a port that starts containers. Knows no processes and no files.
 *
 *   init containers   one after the other; the next starts when the one before has succeeded
 *   native sidecars   init containers with restartPolicy Always: started in their turn, then left running
 *   containers        all at once; restarted by the pod's restartPolicy with growing waits
 *   end               containers first, then sidecars in reverse order; SIGTERM, the grace period, SIGKILL
 *
 * The waits are shorter than the kubelet's (1 s to 1 min instead of 10 s to 5 min): somebody is looking.
 */
import type { Clock, EpochMs } from '../../../lib/time/index.ts';
import type { Container, Pod } from '../manifests/objects.ts';
import type { Exit, RunningProcess } from '../processes/keeper-client.ts';

export type PodPhase = 'Pending' | 'Running' | 'Succeeded' | 'Failed';

/** Starts a container's process. Never throws: what cannot be started is a process that has exited. */
export type StartContainer = (container: Container) => RunningProcess;

export type LifecycleEvent =
  | { readonly type: 'phase'; readonly phase: PodPhase }
  | { readonly type: 'started'; readonly container: string }
  | { readonly type: 'exited'; readonly container: string; readonly exit: Exit }
  | { readonly type: 'restarting'; readonly container: string; readonly inMs: number };

const firstWaitMs = 1_000;
const longestWaitMs = 60_000;
/** A container that ran for so long starts again with the shortest wait, as with the kubelet. */
const healthyAfterMs = 10 * 60_000;
/** terminationGracePeriodSeconds when the manifest does not say (Kubernetes' default). */
const defaultGraceSeconds = 30;

export class PodLifecycle {
  readonly #pod: Pod;
  readonly #start: StartContainer;
  readonly #clock: Clock;
  readonly #onEvent: (event: LifecycleEvent) => void;
  readonly #stopping = new AbortController();
  /** Ends the sidecars, later than everything else. */
  readonly #stoppingSidecars = new AbortController();
  /** A second request to stop: no more grace. */
  readonly #killNow = new AbortController();
  readonly #sidecars: Promise<unknown>[] = [];

  constructor(pod: Pod, start: StartContainer, clock: Clock, onEvent: (event: LifecycleEvent) => void) {
    this.#pod = pod;
    this.#start = start;
    this.#clock = clock;
    this.#onEvent = onEvent;
  }

  /** Runs the pod to its end; resolves when no process of it is left. */
  async run(): Promise<PodPhase> {
    this.#onEvent({ type: 'phase', phase: 'Pending' });
    const phase = (await this.#runInitContainers()) ? await this.#runContainers() : 'Failed';
    this.#stoppingSidecars.abort();
    await Promise.all(this.#sidecars);
    this.#onEvent({ type: 'phase', phase });
    return phase;
  }

  /** Ends the pod: `run` resolves when that is done. Called again, it does not wait for anybody any more. */
  stop(): void {
    if (this.#stopping.signal.aborted) this.#killNow.abort();
    this.#stopping.abort();
  }

  async #runInitContainers(): Promise<boolean> {
    const onceMore = this.#pod.spec.restartPolicy !== 'Never';
    for (const container of this.#pod.spec.initContainers ?? []) {
      if (this.#stopping.signal.aborted) return false;
      if (container.restartPolicy === 'Always') {
        this.#sidecars.push(this.#supervise(container, () => true, this.#stoppingSidecars.signal));
        continue;
      }
      const exit = await this.#supervise(container, (last) => onceMore && !succeeded(last), this.#stopping.signal);
      if (!exit || !succeeded(exit)) return false;
    }
    return true;
  }

  async #runContainers(): Promise<PodPhase> {
    if (this.#stopping.signal.aborted) return 'Failed';
    const policy = this.#pod.spec.restartPolicy ?? 'Always';
    const again = (exit: Exit): boolean => policy === 'Always' || (policy === 'OnFailure' && !succeeded(exit));
    const supervised = this.#pod.spec.containers.map((container) =>
      this.#supervise(container, again, this.#stopping.signal),
    );
    this.#onEvent({ type: 'phase', phase: 'Running' });
    const exits = await Promise.all(supervised);
    // asked to end, a container that follows the signal has not failed
    const fine = (exit: Exit | undefined): boolean =>
      !exit || succeeded(exit) || (this.#stopping.signal.aborted && exit.signal !== 'SIGKILL');
    return exits.every(fine) ? 'Succeeded' : 'Failed';
  }

  /** Starts a container, and again as long as `again` says so; SIGTERM when `stop` aborts. */
  async #supervise(container: Container, again: (exit: Exit) => boolean, stop: AbortSignal): Promise<Exit | undefined> {
    let waitMs = firstWaitMs;
    let exit: Exit | undefined;
    while (!stop.aborted) {
      const startedAt: EpochMs = this.#clock.now();
      exit = await this.#runOnce(container, stop);
      this.#onEvent({ type: 'exited', container: container.name, exit });
      if (stop.aborted || !again(exit)) return exit;
      if (this.#clock.now() - startedAt >= healthyAfterMs) waitMs = firstWaitMs;
      this.#onEvent({ type: 'restarting', container: container.name, inMs: waitMs });
      await this.#clock.sleep(waitMs, stop);
      waitMs = Math.min(waitMs * 2, longestWaitMs);
    }
    return exit;
  }

  async #runOnce(container: Container, stop: AbortSignal): Promise<Exit> {
    const running = this.#start(container);
    this.#onEvent({ type: 'started', container: container.name });
    const done = new AbortController();
    const end = async (): Promise<void> => {
      running.signal('SIGTERM');
      const graceMs = (this.#pod.spec.terminationGracePeriodSeconds ?? defaultGraceSeconds) * 1000;
      await this.#clock.sleep(graceMs, AbortSignal.any([done.signal, this.#killNow.signal]));
      if (!done.signal.aborted) running.signal('SIGKILL');
    };
    const onStop = (): void => void end();
    stop.addEventListener('abort', onStop, { once: true });
    try {
      return await running.exited;
    } finally {
      stop.removeEventListener('abort', onStop);
      done.abort();
    }
  }
}

const succeeded = (exit: Exit): boolean => exit.code === 0;
