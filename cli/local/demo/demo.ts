/**
 * `autocert demo`: the hello-mtls example, server and client, as a local run with short certificates, until each has
 * been rotated as often as wanted. A failed request or a missed rotation is a failed demo.
 */
import { existsSync } from 'node:fs';
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseGoDuration, systemClock } from '../../../lib/time/index.ts';
import type { Terminal } from '../../terminal/terminal.ts';
import type { TokenMode } from '../control-plane/webhook.ts';
import { demoFailed } from '../errors.ts';
import { type Interruption, withInterruption } from '../interruption.ts';
import { LocalCluster } from '../local-cluster.ts';
import { describeReachableServices, type ReachableService } from '../network/reachable-services.ts';
import type { LocalPod, PodEvent } from '../pods/local-pod.ts';
import { loadManifests } from '../run.ts';
import { certificateFolder, readCertificate } from './certificate-watch.ts';
import { renderNextSteps } from './next-steps.ts';
import { renderSummary, times } from './picture.ts';
import { createScreen, type Screen } from './screen.ts';
import { type DemoState, findShortcomings, initialState, isShown, type Observation, observe } from './state.ts';

export type DemoOptions = {
  /** Go duration: life of the certificates. */
  readonly lifetime: string;
  readonly rotations: number;
  readonly tokenMode: TokenMode;
  /** Stay up when everything has been shown. */
  readonly keep: boolean;
};

/** Twice a second the eye is content, and a rotation cannot be missed. */
const lookMs = 250;
/** What everything but the lives of the certificates may take, on a slow machine. */
const slackMs = 60_000;

/** @returns the exit code. @throws {AppError} ERR_DEMO_FAILED (conflict), ERR_LOCAL_START (unavailable) */
export function runDemo(options: DemoOptions, terminal: Terminal): Promise<number> {
  return withInterruption(async (interruption) => {
    const demo = new Demo(options, terminal, interruption);
    try {
      await demo.run();
    } catch (error) {
      if (!interruption.asked.aborted) throw error; // what breaks while it ends is not news
    } finally {
      await demo.stop();
    }
    demo.summarise();
    return demo.exitCode();
  });
}

class Demo {
  readonly #options: DemoOptions;
  readonly #terminal: Terminal;
  readonly #interruption: Interruption;
  readonly #clock = systemClock;
  readonly #pods: LocalPod[] = [];
  /** What each container said last: why it failed, when it fails. */
  readonly #lastLines = new Map<string, string>();
  #screen: Screen;
  #state: DemoState;
  #cluster: LocalCluster | undefined;
  #stopping = false;
  #kept = false;

  constructor(options: DemoOptions, terminal: Terminal, interruption: Interruption) {
    this.#options = options;
    this.#terminal = terminal;
    this.#interruption = interruption;
    this.#screen = createScreen(terminal, options.lifetime);
    this.#state = initialState(this.#clock.now(), options.rotations);
  }

  async run(): Promise<void> {
    const { lifetime, rotations } = this.#options;
    const goal = `a server and a client with certificates of ${lifetime}, each rotated ${times(rotations)}`;
    this.#observe({ type: 'event', text: `starting a CA and the webhook, then ${goal}` });
    try {
      this.#cluster = await this.#startCluster();
      this.#interruption.insisted.addEventListener('abort', () => this.#cluster?.killPods());
      const folder = exampleFolder();
      await this.#apply(fileURLToPath(new URL('hello-mtls.server.yaml', folder)));
      // as after `kubectl rollout status`: the client comes when there is a server
      await this.#watch(() => this.#service() !== undefined);
      await this.#apply(fileURLToPath(new URL('hello-mtls.client.yaml', folder)));
      await this.#watch(() => isShown(this.#state));
    } finally {
      this.#screen.leave();
    }
    if (this.#options.keep && !this.#interruption.asked.aborted) await this.#keep();
  }

  async stop(): Promise<void> {
    this.#stopping = true; // a request that is cut off now has not failed
    await this.#cluster?.stop();
  }

  summarise(): void {
    for (const line of renderSummary(this.#state, this.#clock.now(), this.#terminal.outStyles))
      this.#terminal.write(`${line}\n`);
  }

  exitCode(): number {
    const problems = findShortcomings(this.#state);
    const interrupted = this.#interruption.exitCode();
    if (interrupted !== undefined && !this.#kept) return interrupted;
    if (problems.length > 0) throw demoFailed(problems.join('; '));
    return 0;
  }

  #startCluster(): Promise<LocalCluster> {
    const { lifetime, tokenMode } = this.#options;
    const folder = exampleFolder();
    const program = (name: string): string[] => ['node', fileURLToPath(new URL(name, folder))];
    return LocalCluster.start(
      {
        images: new Map([
          ['hello-mtls-server-node', program('server.mjs')],
          ['hello-mtls-client-node', program('client.mjs')],
        ]),
        tokenMode,
        certLifetime: lifetime,
        namespace: 'default',
        clusterDomain: 'cluster.local',
        restrictCertificatesToNamespace: true,
        workingFolder: process.cwd(),
      },
      this.#clock,
      {
        note: (text) => this.#observe({ type: 'event', text }),
        podEvent: (pod, event) => this.#onPodEvent(pod, event),
      },
      this.#interruption.asked,
    );
  }

  async #apply(path: string): Promise<void> {
    const pods = (await this.#cluster?.apply(loadManifests(path).objects)) ?? [];
    for (const pod of pods) {
      this.#pods.push(pod);
      this.#observe({ type: 'pod', pod: pod.key });
    }
  }

  /** Looks and shows until `done`, an interruption, or the time after which something must be wrong. */
  async #watch(done: () => boolean): Promise<void> {
    const { asked } = this.#interruption;
    const deadline =
      this.#clock.now() + parseGoDuration(this.#options.lifetime) * (this.#options.rotations + 1) + slackMs;
    for (;;) {
      this.#lookAtCertificates();
      this.#screen.show(this.#state, this.#clock.now());
      if (asked.aborted || done() || this.#clock.now() > deadline) return;
      await Promise.race([this.#clock.sleep(lookMs, asked), this.#cluster?.lost]);
    }
  }

  #lookAtCertificates(): void {
    for (const pod of this.#pods) {
      const folder = certificateFolder(pod);
      const certificate = folder === undefined ? undefined : readCertificate(folder);
      if (certificate) this.#observe({ type: 'certificate', pod: pod.key, certificate });
    }
  }

  async #keep(): Promise<void> {
    this.#kept = true;
    const service = this.#service();
    const certificates = this.#pods.map(certificateFolder).at(-1);
    const caUrl = this.#cluster?.ca.url;
    if (service === undefined || certificates === undefined || caUrl === undefined) return;
    const lines = renderNextSteps({ service, certificates, caUrl, program: programName() });
    for (const line of lines) this.#terminal.write(`${line}\n`);
    const screen = createScreen({ ...this.#terminal, live: false }, this.#options.lifetime);
    screen.show({ ...this.#state, events: [] }, this.#clock.now()); // what the picture has shown is not repeated
    this.#screen = screen;
    while (!this.#interruption.asked.aborted) await this.#watch(() => false);
  }

  #service(): ReachableService | undefined {
    const network = this.#cluster?.network;
    return network && describeReachableServices(network.table, network.findLocalPort)[0];
  }

  #onPodEvent(pod: LocalPod, event: PodEvent): void {
    if (this.#stopping) return;
    if (event.type === 'line') {
      this.#lastLines.set(`${pod.key}/${event.container}`, event.text);
      const answer = / Hello, .*! \((kept|new) connection\)$/.exec(event.text);
      if (answer) this.#observe({ type: 'answered', connection: answer[1] === 'kept' ? 'kept' : 'new' });
      const failure = /: error: (.*)$/.exec(event.text);
      if (failure && !event.container.startsWith('autocert-'))
        this.#observe({ type: 'failed', text: failure[1] ?? '' });
    }
    if (event.type === 'exited' && event.exit.code !== 0 && event.exit.signal === null) {
      const why = event.exit.failure ?? this.#lastLines.get(`${pod.key}/${event.container}`) ?? 'no word';
      this.#observe({ type: 'event', text: `${pod.key}: container ${event.container} failed: ${why}` });
    }
    if (event.type === 'restarting') {
      this.#observe({ type: 'event', text: `${pod.key}: container ${event.container} ended and starts again` });
    }
  }

  #observe(observation: Observation): void {
    this.#state = observe(this.#state, observation, this.#clock.now());
    if (observation.type === 'event') this.#screen.show(this.#state, this.#clock.now());
  }
}

/** In a checkout and in the published package. */
function exampleFolder(): URL {
  const candidates = ['../examples/hello-mtls/node/', '../../../examples/hello-mtls/node/'];
  const found = candidates.map((path) => new URL(path, import.meta.url)).find((url) => existsSync(url));
  if (!found) throw demoFailed('examples/hello-mtls/node is not installed here');
  return found;
}

/** As the reader would call it from where they are. */
function programName(): string {
  const launcher = new URL('../../../bin/autocert', import.meta.url);
  return existsSync(launcher) ? relative(process.cwd(), fileURLToPath(launcher)) : 'autocert';
}
