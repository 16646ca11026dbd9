/**
 * Lays the injection out over the pod as it came: which containers go where, who gets the mount, which volumes are added.
 *
 * Places of the init containers:
 *   native sidecars   bootstrapper, renewer, then the pod's own; with `init-first: "false"` after them
 *   otherwise         bootstrapper last as upstream, first with `init-first: "true"`; before the first native sidecar that
 *                     the pod has by itself, which would else start without its certificate
 */
import { annotations } from './annotations.ts';
import { certsMountPath } from './contract.ts';
import type { Pod } from './pod.ts';
import { isCurrent, type Recognized } from './recognize.ts';
import type { ContainerBlueprint, ContainerStep, JsonObject, PatchOperation, PodLayout } from './types.ts';
import { buildTokenVolume, findUnmounted, findVolume } from './volumes.ts';

/** What the pod should have. */
export type Wanted = {
  readonly bootstrapper: ContainerBlueprint;
  readonly renewer: ContainerBlueprint | undefined;
  readonly native: boolean;
  readonly initFirst: boolean | undefined;
  readonly certsVolume: JsonObject & { readonly name: string };
  readonly tokenVolume: string | undefined;
};

/** @throws {AppError} ERR_MOUNT_CONFLICT (invalid) */
export function layOut(pod: Pod, recognized: Recognized, wanted: Wanted): PodLayout {
  const volumes = [
    wanted.certsVolume,
    ...(wanted.tokenVolume === undefined ? [] : [buildTokenVolume(wanted.tokenVolume)]),
  ];
  return {
    podSpec: pod.spec,
    containers: placeContainers(pod, recognized, wanted),
    mounts: findUnmounted(recognized.users, wanted.certsVolume.name).map(({ list, index }) => ({ list, index })),
    mount: { name: wanted.certsVolume.name, readOnly: true, mountPath: certsMountPath },
    volumes: volumes.filter(({ name }) => !findVolume(pod, String(name))),
    annotations: markInjected(pod),
  };
}

/** Indexes count in the lists as they are after the steps before. */
function placeContainers(pod: Pod, recognized: Recognized, wanted: Wanted): ContainerStep[] {
  const steps: ContainerStep[] = [];
  let bootstrapperAt = recognized.bootstrapper?.container.index;
  if (bootstrapperAt === undefined) {
    bootstrapperAt = placeOfBootstrapper(pod, recognized, wanted.initFirst);
    steps.push({ list: 'initContainers', op: 'add', index: bootstrapperAt, container: wanted.bootstrapper });
  } else if (recognized.bootstrapper && !isCurrent(recognized.bootstrapper.container, wanted.bootstrapper)) {
    steps.push({ list: 'initContainers', op: 'replace', index: bootstrapperAt, container: wanted.bootstrapper });
  }
  const { renewer: found } = recognized;
  if (!wanted.renewer) return steps;
  if (!found) {
    steps.push(
      wanted.native
        ? { list: 'initContainers', op: 'add', index: bootstrapperAt + 1, container: wanted.renewer }
        : { list: 'containers', op: 'add', index: pod.containers.length, container: wanted.renewer },
    );
  } else if (!isCurrent(found.container, wanted.renewer)) {
    const { list, index } = found.container;
    const moved = list === 'initContainers' && steps.some(({ op }) => op === 'add') && bootstrapperAt <= index ? 1 : 0;
    steps.push({ list, op: 'replace', index: index + moved, container: wanted.renewer });
  }
  return steps;
}

function placeOfBootstrapper(pod: Pod, { renewer }: Recognized, initFirst: boolean | undefined): number {
  if (initFirst) return 0;
  if (renewer?.container.list === 'initContainers') return renewer.container.index;
  const sidecar = pod.initContainers.findIndex(({ raw }) => raw.restartPolicy === 'Always');
  return initFirst === undefined && sidecar >= 0 ? sidecar : pod.initContainers.length;
}

/** As upstream: for people and scripts that look for it. Nothing is decided by it. */
function markInjected(pod: Pod): PatchOperation[] {
  const present = pod.annotations[annotations.status] ?? '';
  if (present === 'injected') return [];
  const path = `/metadata/annotations/${escapePointer(annotations.status)}`;
  return [{ op: present === '' ? 'add' : 'replace', path, value: 'injected' }];
}

/** RFC 6901 3. */
export const escapePointer = (token: string): string => token.replaceAll('~', '~0').replaceAll('/', '~1');
