/** One pod of a local run: its folder, its volumes, its life, and what the outside may see of it. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describeError } from '../../../lib/errors/index.ts';
import type { Clock } from '../../../lib/time/index.ts';
import type { ImageCommands } from '../containers/program.ts';
import { manifestInvalid } from '../errors.ts';
import type { Container, Pod } from '../manifests/objects.ts';
import { podKey } from '../network/service-table.ts';
import type { ProcessStarter, RunningProcess } from '../processes/keeper-client.ts';
import { createVolumes, type VolumeServices } from '../volumes/volume-folders.ts';
import { buildContainerRequest } from './container-request.ts';
import { type LifecycleEvent, PodLifecycle, type PodPhase } from './pod-lifecycle.ts';

/** What happens in a pod, for whoever looks on. */
export type PodEvent = LifecycleEvent | { readonly type: 'line'; readonly container: string; readonly text: string };

export type PodServices = {
  readonly starter: ProcessStarter;
  readonly clock: Clock;
  readonly volumes: VolumeServices;
  readonly images: ImageCommands;
  /** Asked at every start of a container. */
  readonly network: (pod: Pod) => Readonly<Record<string, string>>;
  readonly workingFolder: string;
  readonly onEvent: (pod: LocalPod, event: PodEvent) => void;
};

export class LocalPod {
  readonly source: string;
  /** As the webhook left it, with name and uid. */
  readonly pod: Pod;
  readonly key: string;
  /** Folder of each volume by name. */
  readonly volumes: ReadonlyMap<string, string>;
  readonly #scratchFolder: string;
  readonly #services: PodServices;
  readonly #lifecycle: PodLifecycle;

  /**
   * Makes the folders and checks that every container can be started; starts nothing.
   * @throws {AppError} ERR_LOCAL_PROGRAM, ERR_LOCAL_REFERENCE (not-found), ERR_LOCAL_MANIFEST (invalid)
   */
  constructor(source: string, pod: Pod, podsFolder: string, services: PodServices) {
    this.source = source;
    this.pod = pod;
    this.key = podKey(pod);
    this.#services = services;
    const folder = join(podsFolder, pod.metadata.namespace ?? '', pod.metadata.name ?? '');
    this.#scratchFolder = join(folder, 'scratch');
    mkdirSync(this.#scratchFolder, { recursive: true, mode: 0o700 });
    checkMounts(source, pod);
    this.volumes = createVolumes(source, pod, join(folder, 'volumes'), services.volumes);
    for (const container of [...(pod.spec.initContainers ?? []), ...pod.spec.containers]) this.#request(container);
    this.#lifecycle = new PodLifecycle(
      pod,
      (container) => this.#start(container),
      services.clock,
      (event) => services.onEvent(this, event),
    );
  }

  run(): Promise<PodPhase> {
    return this.#lifecycle.run();
  }

  /** A second call ends it without grace. */
  stop(): void {
    this.#lifecycle.stop();
  }

  #request(container: Container): Parameters<ProcessStarter['start']>[0] {
    const { volumes, images, network, workingFolder } = this.#services;
    return buildContainerRequest(this.source, this.pod, container, {
      data: volumes.data,
      images,
      volumes: this.volumes,
      network: network(this.pod),
      workingFolder,
      scratchFolder: this.#scratchFolder,
    });
  }

  /** As the kubelet: environment and references are read anew at every start, and what is missing fails that start. */
  #start(container: Container): RunningProcess {
    try {
      return this.#services.starter.start(this.#request(container), (text) =>
        this.#services.onEvent(this, { type: 'line', container: container.name, text }),
      );
    } catch (error) {
      const failure = describeError(error);
      return { exited: Promise.resolve({ code: 128, signal: null, failure }), signal() {} };
    }
  }
}

/** @throws {AppError} ERR_LOCAL_MANIFEST (invalid) for a mount of a volume that the pod does not have */
function checkMounts(source: string, pod: Pod): void {
  const volumes = new Set((pod.spec.volumes ?? []).map(({ name }) => name));
  for (const { name, volumeMounts } of [...(pod.spec.initContainers ?? []), ...pod.spec.containers]) {
    const stray = volumeMounts?.find((mount) => !volumes.has(mount.name));
    if (stray) throw manifestInvalid(`${source}: container ${name}`, `volume ${stray.name} is not in spec.volumes`);
  }
}
