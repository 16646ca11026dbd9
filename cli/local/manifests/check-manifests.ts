/** What can be said of manifests before anything is started: a refusal should not take seconds. Pure. */
import { chooseProgram, type ImageCommands } from '../containers/program.ts';
import { manifestInvalid } from '../errors.ts';
import { buildPods } from './build-pods.ts';
import type { SourcedObject } from './read-manifests.ts';
import { checkSimulationLimits } from './simulation-limits.ts';

/**
 * Notes on what is not simulated, without repetition.
 * @throws {AppError} ERR_LOCAL_NOT_SIMULATED, ERR_LOCAL_MANIFEST (invalid), ERR_LOCAL_PROGRAM (not-found)
 */
export function checkManifests(objects: readonly SourcedObject[], namespace: string, images: ImageCommands): string[] {
  const pods = buildPods(objects, namespace, () => '');
  if (pods.length === 0) throw manifestInvalid(objects[0]?.source ?? 'manifests', 'there is no pod to run');
  const notes = pods.flatMap(({ source, pod }) => {
    for (const container of [...(pod.spec.initContainers ?? []), ...pod.spec.containers]) {
      chooseProgram(source, container, images);
    }
    return checkSimulationLimits(source, pod);
  });
  return [...new Set(notes)];
}
